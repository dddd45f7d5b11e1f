using System.Diagnostics.Metrics;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>What a step costs and reuses.</summary>
public sealed class StepTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Step_Decoding_AllocatesAlmostNothingOnTheSchedulerThread()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 20_000 });
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        var allocated = new List<long>(10_000);
        host.Factory.OnDecode = _ => allocated.Add(GC.GetAllocatedBytesForCurrentThread());
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("x") with { MaxTokens = 9000 }, Token);
        await InferenceHost.ReadAsync(generation, Token);

        // What the fake engine and the signalling of the reader take is in it, so the bound is not zero: some bytes a step on average.
        var perStep = (allocated[8000] - allocated[4000]) / 4000.0;
        Assert.InRange(perStep, 0, 400);
    }

    [Fact]
    public async Task Step_NoSpaceForALargeBatch_PromptIsFedInSmallerPieces()
    {
        await using var host = new InferenceHost();
        host.Factory.HasRoom = batch => batch.Count <= 5;
        var question = new string('q', 100);
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask(question), Token);
        Assert.Equal(FakeEngineFactory.Fingerprint($"<s>USER: {question} ASSISTANT:"), text);
        Assert.InRange(host.Factory.LargestBatch, 1, 5);
    }

    [Fact]
    public async Task Step_NoSpaceAtAll_YoungestSequenceEndsWithLength()
    {
        await using var host = new InferenceHost();
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        var stored = 0;
        host.Factory.HasRoom = batch => batch.Count > 1 || ++stored < 50;
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("q"), Token);
        Assert.Equal(FinishReason.Length, last.FinishReason);
        Assert.Equal(50, text.Length);
        host.Factory.HasRoom = _ => true;
        host.Factory.EndlessToken = null;
        await host.AnswerAsync(InferenceHost.Ask("q"), Token);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Assign_SharedBeginning_IsComputedOnce()
    {
        var picture = TestImages.Png(5, 5, SKColors.Red);
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "k";
        await host.AnswerAsync(InferenceHost.Ask("first question", picture), Token);
        var rows = host.Factory.ComputedRows;
        var (_, last) = await host.AnswerAsync(InferenceHost.Ask("other", picture), Token);
        var shared = "<USER: ".Length + FakeVisionEncoder.Rows + 1;
        Assert.Equal(shared, last.Usage!.CachedTokens);
        Assert.Equal(last.Usage.PromptTokens - shared + 1, host.Factory.ComputedRows - rows);
    }

    [Fact]
    public async Task Assign_BeginningOfABusySlot_IsCopied()
    {
        await using var host = new InferenceHost();
        using var gate = new SemaphoreSlim(0);
        using var prefilled = new SemaphoreSlim(0);
        host.Factory.Answer = _ => "kk";
        host.Factory.OnDecode = batch =>
        {
            if (batch.Count == 1)
            {
                prefilled.Release();
                gate.Wait(host.Closing);
            }
        };
        var prompt = new string('p', 60);
        var first = host.AnswerAsync(InferenceHost.Ask(prompt + " one"), Token);
        await prefilled.WaitAsync(Token);
        var second = host.AnswerAsync(InferenceHost.Ask(prompt + " two"), Token);
        while (host.Generator.ActiveCount < 2)
        {
            await Task.Delay(1, Token);
        }

        gate.Release(1000);
        await first;
        var (_, last) = await second;
        Assert.Equal(1, host.Factory.Copied);
        Assert.Equal("<USER: ".Length + 61, last.Usage!.CachedTokens);
    }

    [Fact]
    public async Task Assign_FollowUpQuestion_ComputesOnlyTheNewTurn()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => " red";
        var first = InferenceHost.Ask("Which colour?", TestImages.Png(5, 5, SKColors.Red));
        var (text, firstLast) = await host.AnswerAsync(first, Token);
        var second = first with
        {
            Messages =
            [
                .. first.Messages,
                new(ChatRole.Assistant, [MessagePart.FromText(text)]),
                new(ChatRole.User, [MessagePart.FromText("Sure?")]),
            ],
        };
        var (_, last) = await host.AnswerAsync(second, Token);

        // Everything up to the answer's last token, which was never fed, is there.
        Assert.Equal(firstLast.Usage!.PromptTokens + " red".Length, last.Usage!.CachedTokens);
        Assert.Equal(1, host.Factory.Vision!.Encodes);
    }

    [Fact]
    public async Task O54_Metrics_EqualTheUsageOfTheAnswers()
    {
        await using var host = new InferenceHost();
        var sums = new Dictionary<string, long>();
        var meter = host.Metrics.Meter;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (sums)
            {
                var key = instrument.Name;
                foreach (var (name, label) in tags)
                {
                    key += name is "source" or "outcome" or "result" ? "/" + label : "";
                    Assert.True(name != "model" || Equals(label, "eye:latest"));
                }

                sums[key] = sums.GetValueOrDefault(key) + value;
            }
        });
        listener.Start();
        var usages = new List<UsageDetails>();
        for (var i = 0; i < 6; i++)
        {
            usages.Add((await host.AnswerAsync(InferenceHost.Ask($"{i % 3}", TestImages.Png(4, 4 + (i % 2), SKColors.Red)), Token)).Last.Usage!);
        }

        await host.AssertIdleAsync();
        Assert.Equal(usages.Sum(u => u.CompletionTokens), sums["llavaserver.generation.tokens"]);
        Assert.Equal(usages.Sum(u => u.CachedTokens), sums["llavaserver.prompt.tokens/cached"]);
        Assert.Equal(usages.Sum(u => u.PromptTokens - u.CachedTokens), sums["llavaserver.prompt.tokens/computed"]);
        Assert.Equal(6, sums["llavaserver.requests/ok"]);
        Assert.Equal(2, sums["llavaserver.images/encoded"]);
    }
}
