using LlavaServer.Inference.Scheduling;
using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Inference.Tests.Tools;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Several answers to one prompt: what they share, what each has of its own, and that they end together when the client leaves.</summary>
public sealed class ChoiceTests
{
    private const string Question = "A question that is longer than a block of positions?";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Choices_SlotsForAll_PromptAndPictureAreComputedOnce()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abc";
        var request = InferenceHost.Ask(Question, TestImages.Png(2, 2, SKColors.Red)) with { Choices = 4 };
        var answers = await ReadAsync(host, request);
        Assert.Equal(["abc", "abc", "abc", "abc"], answers.Select(a => a.Text));
        var prompt = answers[0].Last.Usage!.PromptTokens;
        Assert.All(answers, a => Assert.Equal((FinishReason.Stop, 4, prompt), (a.Last.FinishReason, a.Last.Usage!.CompletionTokens, a.Last.Usage.PromptTokens)));
        Assert.Equal(0, answers[0].Last.Usage!.CachedTokens);
        Assert.All(answers.Skip(1), a => Assert.Equal(prompt - 1, a.Last.Usage!.CachedTokens));

        // The prompt, its last position again for three, and three characters each.
        Assert.Equal(prompt + 3 + (4 * 3), host.Factory.ComputedRows);
        Assert.Equal(1, host.Factory.Vision!.Encodes);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Choices_MoreThanSlots_AnswerOneAfterAnother()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Cache.PrefixSequences) = (1, 1));
        host.Factory.Answer = _ => "abc";
        var answers = await ReadAsync(host, InferenceHost.Ask(Question) with { Choices = 3 });
        Assert.Equal(["abc", "abc", "abc"], answers.Select(a => a.Text));
        Assert.Equal(answers[0].Last.Usage!.PromptTokens + 2 + (3 * 3), host.Factory.ComputedRows);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Choices_OneFinishesFirst_TheOthersGoOn()
    {
        await using var host = new InferenceHost(new FakeEngineFactory());
        var asked = 0;
        host.Factory.Answer = _ => Interlocked.Increment(ref asked) == 1 ? "a" : "a longer answer";
        var answers = await ReadAsync(host, InferenceHost.Ask(Question) with { Choices = 2, MaxTokens = 8 });
        Assert.Equal(["a", "a longer"], answers.Select(a => a.Text).Order(StringComparer.Ordinal));
        Assert.Equal([FinishReason.Stop, FinishReason.Length], answers.OrderBy(a => a.Text.Length).Select(a => a.Last.FinishReason!.Value));
        await host.AssertIdleAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public async Task SCH16_Choices_EngineDies_EveryAnswerIsWhole(int atStep)
    {
        await using var host = new InferenceHost(configure: o => o.Engine.Slots = 2);
        var step = 0;
        host.Factory.Answer = _ => "an answer that is not cut";
        host.Factory.OnDecode = _ =>
        {
            if (++step == atStep)
            {
                throw new InvalidOperationException("dead");
            }
        };
        var answers = await ReadAsync(host, InferenceHost.Ask(Question) with { Choices = 4 });
        Assert.All(answers, a => Assert.Equal("an answer that is not cut", a.Text));
        Assert.Equal(2, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH17_Choices_MemoryForLessThanAll_EveryAnswerIsWhole()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { KVPositions = 128 }, configure: o => o.Engine.ContextLength = 120);
        host.Factory.Answer = _ => "an answer of some more characters than one block has";
        var answers = await ReadAsync(host, InferenceHost.Ask(Question) with { Choices = 4 });
        Assert.All(answers, a => Assert.Equal("an answer of some more characters than one block has", a.Text));
        await host.AssertIdleAsync();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    public async Task SCH4_ClientLeaves_AllChoicesStop(int slots)
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 1_000_000 }, o => o.Engine.Slots = slots);
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var seen = new HashSet<int>();
        await using (var generation = await host.Generator.StartAsync(InferenceHost.Ask(Question) with { Choices = 4 }, leaving.Token))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var update in generation.ReadAllAsync(leaving.Token))
                {
                    seen.Add(update.Choice);
                    if (seen.Count == slots)
                    {
                        await leaving.CancelAsync();
                    }
                }
            });
        }

        await host.AssertIdleAsync();
        host.Factory.EndlessToken = null;
        Assert.StartsWith("re ", (await host.AnswerAsync(InferenceHost.Ask("next"), Token)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SCH9_ReaderThatStops_NoChoiceHoldsUpTheOthersForEver()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.Slots = 3);
        host.Factory.Answer = _ => new string('x', 400);
        await using var slow = await host.Generator.StartAsync(InferenceHost.Ask(Question) with { Choices = 2 }, Token);
        Assert.StartsWith("xxx", (await host.AnswerAsync(InferenceHost.Ask("beside"), Token)).Text, StringComparison.Ordinal);
        var texts = new string[2];
        await foreach (var update in slow.ReadAllAsync(Token))
        {
            texts[update.Choice] += update.Text;
        }

        Assert.All(texts, t => Assert.Equal(400, t.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Choices_WithToolsReadLate_EachHasItsCallAndNoneWaitsForASignal(int choices)
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 4096 });
        var asked = 0;
        host.Factory.Answer = _ => $"No {Interlocked.Increment(ref asked)}: <tool_call>\n{{\"name\": \"time\", \"arguments\": {{}}}}\n</tool_call>";
        var request = InferenceHost.Ask("What time?") with { Choices = choices, Tools = ToolTexts.Parse(ToolTexts.Time) };
        await using var generation = await host.Generator.StartAsync(request, Token);
        await Loading.ModelPoolTests.Until(() => host.Model.Queue.Counts is { Running: 0, Waiting: 0 });
        var texts = new string[choices];
        var calls = new string[choices];
        await foreach (var update in generation.ReadAllAsync(Token).WithCancellation(Token))
        {
            texts[update.Choice] += update.Text;
            calls[update.Choice] += string.Concat(update.ToolCalls?.Select(static c => c.Name + c.Arguments) ?? []);
            Assert.Contains(update.FinishReason, new FinishReason?[] { null, FinishReason.ToolCalls });
        }

        Assert.Equal(Enumerable.Range(1, choices).Select(i => $"No {i}:"), texts.Order(StringComparer.Ordinal));
        Assert.All(calls, c => Assert.Equal("time{}", c));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Choices_OutsideTheLimit_RefusedByName()
    {
        await using var host = new InferenceHost(configure: o => o.Limits.Choices = 3);
        foreach (var count in new[] { 0, -1, 4, int.MaxValue })
        {
            var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("x") with { Choices = count }, Token));
            Assert.Equal(("n", InferenceError.Unsupported), (refusal.Parameter, refusal.Error));
            Assert.Contains("Limits:Choices", refusal.Message);
        }

        Assert.Equal(3, (await ReadAsync(host, InferenceHost.Ask("x") with { Choices = 3 })).Length);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH5_Choices_WithoutPlacesForAll_RefusedWhole()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Queue.MaxQueue) = (1, 3));
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var first = ReadAsync(host, InferenceHost.Ask("a") with { Choices = 2 });
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("b") with { Choices = 3 }, Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        var second = ReadAsync(host, InferenceHost.Ask("c") with { Choices = 2 });
        gate.Release(10_000);
        Assert.Equal(2, (await first).Length);
        Assert.Equal(2, (await second).Length);
        await host.AssertIdleAsync();
    }

    [Fact]
    public void SCH5_Places_OfABusyClient_GoAllOrNone()
    {
        var places = new QueuePlaces(1, 7, TimeProvider.System);
        var begun = places.TryReserve("busy", 2)!;
        var waiting = places.TryReserve("busy", 3)!;
        var last = places.TryReserve("busy", 3)!;
        Assert.True(begun.TryAdmit());
        Assert.True(begun.All[1].HasBegun);
        Assert.False(last.HasBegun);

        // Five are wanted: six waiting places of the busy client may be lost, but then it would have fewer than the other.
        Assert.Null(places.TryReserve("calm", 5));
        Assert.Equal((1, 7, 1), places.Counts);
        Assert.NotNull(places.TryReserve("calm", 2));
        Assert.True(last.Lost.IsCancellationRequested);
        Assert.False(waiting.Lost.IsCancellationRequested);
        Assert.All(last.All, p => Assert.False(p.TryAdmit()));
        Assert.Equal((1, 6, 1), places.Counts);

        // The waiting place of the request that began is not lost.
        Assert.NotNull(places.TryReserve("third", 3));
        Assert.True(waiting.Lost.IsCancellationRequested);
        Assert.False(begun.Lost.IsCancellationRequested);
        Assert.True(begun.All[1].TryAdmit());
    }

    [Fact]
    public async Task SCH6_MaxWait_CountsUntilTheFirstChoiceHasASlot()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var host = new InferenceHost(time: time, configure: o => (o.Engine.Slots, o.Queue.MaxWait, o.Limits.RequestTime) = (1, TimeSpan.FromSeconds(5), TimeSpan.FromHours(1)));
        var step = 0;
        host.Factory.Answer = _ => "abc";
        host.Factory.OnDecode = _ => time.Advance(TimeSpan.FromSeconds(++step));
        Assert.All(await ReadAsync(host, InferenceHost.Ask("x") with { Choices = 3 }), a => Assert.Equal("abc", a.Text));
        await host.AssertIdleAsync();
    }

    private static async Task<(string Text, GenerationUpdate Last)[]> ReadAsync(InferenceHost host, GenerationRequest request)
    {
        await using var generation = await host.Generator.StartAsync(request, Token);
        var answers = new (string Text, GenerationUpdate? Last)[request.Choices];
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            ref var answer = ref answers[update.Choice];
            Assert.Null(answer.Last?.FinishReason);
            answer = (answer.Text + update.Text, update);
        }

        Assert.All(answers, a => Assert.NotNull(a.Last?.FinishReason));
        return answers!;
    }
}
