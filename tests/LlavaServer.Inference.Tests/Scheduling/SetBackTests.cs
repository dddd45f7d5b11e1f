using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Sequences that lose their slot, to want of memory or to the death of the engine, and go on as if nothing had been.</summary>
public sealed class SetBackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(20)]
    public async Task SCH16_EngineDies_RunningAndWaitingGoOnWithTheSameText(int atStep)
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Engine.StepRows) = (3, 16));
        using var allIn = new ManualResetEventSlim();
        var step = 0;
        host.Factory.Answer = fed => FakeEngineFactory.Fingerprint(fed) + " grün 😀 and on";
        host.Factory.OnDecode = _ =>
        {
            allIn.Wait(host.Closing);
            if (++step == atStep)
            {
                throw new InvalidOperationException("dead");
            }
        };
        var picture = TestImages.Png(3, 3, SKColors.Red);
        var generations = new List<Generation>();
        for (var i = 0; i < 7; i++)
        {
            generations.Add(await host.Generator.StartAsync(InferenceHost.Ask($"{i}", i % 2 == 0 ? [picture] : []) with { Stop = ["onx"] }, Token));
        }

        allIn.Set();
        for (var i = 0; i < generations.Count; i++)
        {
            var (text, last) = await InferenceHost.ReadAsync(generations[i], Token);
            Assert.EndsWith(" grün 😀 and on", text, StringComparison.Ordinal);
            if (i % 2 != 0)
            {
                Assert.StartsWith(FakeEngineFactory.Fingerprint($"<s>USER: {i} ASSISTANT:"), text, StringComparison.Ordinal);
            }

            Assert.Equal(FinishReason.Stop, last.FinishReason);
            Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(text) + 1, last.Usage!.CompletionTokens);
        }

        Assert.Equal(2, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH16_EngineDiesAgainAndAgain_StreamThatGetsOnIsNotGivenUp()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "a long answer, cut by many deaths";
        var step = 0;
        host.Factory.OnDecode = _ =>
        {
            if (++step % 4 == 0)
            {
                throw new InvalidOperationException();
            }
        };
        var updates = new List<string>();
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("x"), Token);
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            updates.Add(update.Text);
        }

        Assert.Equal("a long answer, cut by many deaths", string.Concat(updates));
        Assert.All(updates, u => Assert.InRange(u.Length, 0, 1));
        Assert.InRange(host.Factory.Loads, 5, 20);
    }

    [Fact]
    public async Task SCH15_RequestThatKillsEveryEngine_FailsAtTheSecondDeathAndNobodyElse()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.Slots = 4);
        using var allIn = new ManualResetEventSlim();
        host.Factory.Answer = fed => fed.Contains("poison", StringComparison.Ordinal) ? throw new InvalidOperationException() : "a fine answer";
        host.Factory.OnDecode = _ => allIn.Wait(host.Closing);

        // Requests that wait for a load come into the queue in any order, and perhaps only after a death.
        (await host.Pool.LoadAsync(host.Model.Entry, new ModelDemand(), Token)).Dispose();
        var good = new List<Generation>();
        for (var i = 0; i < 3; i++)
        {
            good.Add(await host.Generator.StartAsync(InferenceHost.Ask($"{i}"), Token));
        }

        var poison = await host.Generator.StartAsync(InferenceHost.Ask("poison"), Token);
        allIn.Set();
        var failure = await Assert.ThrowsAsync<InferenceException>(() => InferenceHost.ReadAsync(poison, Token));
        Assert.Equal(InferenceError.EngineFailed, failure.Error);
        foreach (var generation in good)
        {
            Assert.Equal("a fine answer", (await InferenceHost.ReadAsync(generation, Token)).Text);
        }

        // Suspects run one by one: all the good ones may have ended before the second death, and then nobody waits for the third engine yet.
        Assert.Equal("a fine answer", (await host.AnswerAsync(InferenceHost.Ask("after"), Token)).Text);
        Assert.Equal(3, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH16_EngineDiesWhileEncoding_PictureIsEncodedAgain()
    {
        await using var host = new InferenceHost();
        var encodes = 0;
        host.Factory.Vision!.OnEncode = _ =>
        {
            if (++encodes == 1)
            {
                throw new InferenceException(InferenceError.EngineFailed, "killed") { EngineDied = true };
            }
        };
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask("See?", TestImages.Png(2, 2, SKColors.Red)), Token);
        Assert.StartsWith("re ", text, StringComparison.Ordinal);
        Assert.Equal((2, 2), (encodes, host.Factory.Loads));

        host.Factory.Vision.OnEncode = _ => throw new InferenceException(InferenceError.EngineFailed, "killed") { EngineDied = true };
        var failure = await Assert.ThrowsAsync<InferenceException>(() => host.AnswerAsync(InferenceHost.Ask("See?", TestImages.Png(3, 3, SKColors.Red)), Token));
        Assert.Equal("killed", failure.Message);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH1_ClientLeavesWhileTheEngineIsStartedAgain_PlaceIsFreeBeforeItIs()
    {
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        using var inside = new SemaphoreSlim(0);
        var steps = 0;
        host.Factory.Answer = _ => "12345";
        host.Factory.OnDecode = _ =>
        {
            if (++steps == 3)
            {
                host.Factory.OnLoad = _ =>
                {
                    inside.Release();
                    gate.Wait(host.Closing);
                };
                throw new InvalidOperationException();
            }
        };
        var generation = await host.Generator.StartAsync(InferenceHost.Ask("x"), Token);
        await inside.WaitAsync(Token);
        Assert.Equal((0, 1), (host.Model.Queue.Counts.Running, host.Model.Queue.Counts.Waiting));
        await generation.DisposeAsync();
        Assert.Equal((0, 0), (host.Model.Queue.Counts.Running, host.Model.Queue.Counts.Waiting));
        gate.Set();
        await host.AssertIdleAsync();
        Assert.Equal("12345", (await host.AnswerAsync(InferenceHost.Ask("y"), Token)).Text);
    }

    [Fact]
    public async Task SCH17_MemoryForHalfOfTheStreams_AllEndWithTheirText()
    {
        // Eight streams of up to 120 positions in memory for 300.
        var factory = new FakeEngineFactory { Vision = new FakeVisionEncoder(), ContextLength = 160, KVPositions = 300 };
        await using var host = new InferenceHost(factory, o => (o.Engine.Slots, o.Engine.StepRows) = (8, 32));
        factory.Answer = fed => FakeEngineFactory.Fingerprint(fed) + new string('.', 60);
        var picture = TestImages.Png(3, 3, SKColors.Red);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i:00}?", i % 5 == 0 ? [picture] : []), Token)));
        for (var i = 0; i < answers.Length; i++)
        {
            Assert.EndsWith(new string('.', 60), answers[i].Text, StringComparison.Ordinal);
            Assert.Equal(FinishReason.Stop, answers[i].Last.FinishReason);
            if (i % 5 != 0)
            {
                Assert.StartsWith(FakeEngineFactory.Fingerprint($"<s>USER: {i:00}? ASSISTANT:"), answers[i].Text, StringComparison.Ordinal);
            }
        }

        Assert.True(factory.NoSpaces > 0);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH17_MemoryForLessThanOneContext_EndsWithLength()
    {
        var factory = new FakeEngineFactory { ContextLength = 400, KVPositions = 100, EndlessToken = FakeTokenizer.FirstByte + 'x' };
        await using var host = new InferenceHost(factory);
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)));
        Assert.All(answers, a => Assert.Equal((FinishReason.Length, 101), (a.Last.FinishReason, a.Last.Usage!.PromptTokens + a.Last.Usage.CompletionTokens)));
        await host.AssertIdleAsync();
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    public async Task SCH16_SeededSampling_GoesOnWithTheSameRandomNumbers(uint seed)
    {
        var request = InferenceHost.Ask("dice") with
        {
            Sampling = new SamplingParameters { Temperature = 3f, Seed = seed, TopK = 0, TopP = 1, MinP = 0, RepeatPenalty = 1.3f, RepeatLastN = 16 },
            MaxTokens = 60,
        };
        string? undisturbed = null;
        for (var deathEvery = 0; deathEvery < 12; deathEvery += 5)
        {
            await using var host = new InferenceHost();
            host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
            var step = 0;
            host.Factory.OnDecode = _ =>
            {
                if (deathEvery > 0 && ++step % deathEvery == 0)
                {
                    throw new InvalidOperationException();
                }
            };
            var text = (await host.AnswerAsync(request, Token)).Text;
            undisturbed ??= text;
            Assert.Equal(undisturbed, text);
            Assert.True(text.Distinct().Count() > 3, text);
        }
    }
}
