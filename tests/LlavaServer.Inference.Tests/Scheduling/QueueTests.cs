using System.Diagnostics;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Overload, deadlines and fairness of the queue.</summary>
public sealed class QueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SCH5_QueueFull_RefusedAtOnceBeforeAnyWork()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Queue.MaxQueue) = (2, 3));

        // With the model in memory the requests are prepared in their order.
        await host.AnswerAsync(InferenceHost.Ask("load"), Token);
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var accepted = new List<Generation>();
        for (var i = 0; i < 5; i++)
        {
            accepted.Add(await host.Generator.StartAsync(InferenceHost.Ask($"{i}"), Token));
        }

        // Requests are prepared beside the callers: the refusals must add nothing to what these five cost.
        while (host.Model.Loaded?.Executors.Sum(e => e.SequenceCount) != accepted.Count)
        {
            await Task.Delay(5, Token);
        }

        var encodedTexts = host.Factory.Tokenizer.EncodedTexts;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 50; i++)
        {
            // Not even a broken picture is looked at.
            var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("x", [1, 2, 3]), Token));
            Assert.Equal(InferenceError.QueueFull, refusal.Error);
            Assert.InRange(refusal.RetryAfter!.Value.TotalSeconds, 1, 60);
            Assert.Contains("Queue:MaxQueue", refusal.Message);
        }

        Assert.InRange(watch.ElapsedMilliseconds, 0, 50 * 50);
        Assert.Equal(encodedTexts, host.Factory.Tokenizer.EncodedTexts);
        Assert.NotNull(accepted[4].QueuePosition);

        host.Factory.OnDecode = _ => { };
        gate.Release(1000);
        foreach (var generation in accepted)
        {
            await InferenceHost.ReadAsync(generation, Token);
            Assert.Null(generation.QueuePosition);
        }

        await host.AssertIdleAsync();
        await host.AnswerAsync(InferenceHost.Ask("again"), Token);
    }

    [Fact]
    public async Task SCH5_BytesOfOneModel_AreBoundedAndAnotherModelIsFree()
    {
        await using var host = new InferenceHost(models: ["eye", "bird"], configure: o => (o.Engine.Slots, o.Queue.Bytes) = (1, 200));
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);

        // Alone it may be larger than the bound.
        var large = host.AnswerAsync(InferenceHost.Ask(new string('x', 150)), Token);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("y"), Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        Assert.Contains("Queue:Bytes", refusal.Message);
        var other = host.AnswerAsync(InferenceHost.Ask("y") with { Model = "bird" }, Token);
        gate.Release(100_000);
        await Task.WhenAll(large, other);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.AnswerAsync(InferenceHost.Ask("twenty characters ..."), Token)));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_QueueCountsWaitingBeyondTheSlots()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Queue.MaxQueue) = (1, 0));
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var first = await host.Generator.StartAsync(InferenceHost.Ask("1"), Token);
        await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("2"), Token));
        gate.Release(1000);
        await InferenceHost.ReadAsync(first, Token);
        await host.AnswerAsync(InferenceHost.Ask("3"), Token);
    }

    [Fact]
    public async Task StartAsync_WaitedTooLong_RefusedAsFull()
    {
        var time = new FakeTimeProvider();
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Queue.MaxWait) = (1, TimeSpan.FromMinutes(1)), time: time);
        using var gate = new SemaphoreSlim(0);
        using var inside = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ =>
        {
            inside.Release();
            gate.Wait(host.Closing);
        };
        var running = await host.Generator.StartAsync(InferenceHost.Ask("1"), Token);
        await inside.WaitAsync(Token);
        var waiting = await host.Generator.StartAsync(InferenceHost.Ask("2"), Token);
        time.Advance(TimeSpan.FromSeconds(61));
        host.Factory.OnDecode = _ => { };
        gate.Release(1000);

        var refusal = await Assert.ThrowsAsync<InferenceException>(() => InferenceHost.ReadAsync(waiting, Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        Assert.Contains("Queue:MaxWait", refusal.Message);
        Assert.NotNull(refusal.RetryAfter);
        await InferenceHost.ReadAsync(running, Token);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_ModelLoadsTooLong_RefusedAsFull()
    {
        var time = new FakeTimeProvider();
        await using var host = new InferenceHost(configure: o => o.Queue.MaxWait = TimeSpan.FromMinutes(1), time: time);
        using var gate = new ManualResetEventSlim();
        host.Factory.OnLoad = _ => gate.Wait(host.Closing);
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("1"), Token);
        Assert.NotNull(generation.QueuePosition);
        time.Advance(TimeSpan.FromSeconds(61));
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => InferenceHost.ReadAsync(generation, Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        Assert.Contains("Queue:MaxWait", refusal.Message);
        gate.Set();
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_PictureBytesOfWaitingRequests_AreBounded()
    {
        var picture = TestImages.Png(8, 8, SKColors.Red);
        await using var host = new InferenceHost(configure: o => o.Queue.ImageBytes = (picture.Length * 2) + 1);
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var accepted = new[]
        {
            await host.Generator.StartAsync(InferenceHost.Ask("1", picture), Token), await host.Generator.StartAsync(InferenceHost.Ask("2", picture), Token),
        };
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("3", picture), Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        Assert.Contains("Queue:ImageBytes", refusal.Message);
        host.Factory.OnDecode = _ => { };
        gate.Release(1000);
        foreach (var generation in accepted)
        {
            await InferenceHost.ReadAsync(generation, Token);
        }

        await host.AnswerAsync(InferenceHost.Ask("3", picture), Token);
    }

    [Fact]
    public async Task SCH6_LongPromptsComeIn_RunningStreamGetsATokenEveryStep()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 8192 }, o => o.Engine.StepTime = TimeSpan.FromMilliseconds(5));
        host.Factory.Answer = fed => fed.Contains("stream", StringComparison.Ordinal) ? new string('s', 300) : "k";
        var stepsWithoutStream = 0;
        var longest = 0;
        var isStreaming = false;
        host.Factory.OnDecode = batch =>
        {
            Thread.SpinWait(batch.Count * 4000);
            if (Volatile.Read(ref isStreaming))
            {
                longest = Math.Max(longest, batch.Count);
                stepsWithoutStream += batch.Rows[0] is { WantsLogits: true } ? 0 : 1;
            }
        };
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("stream"), Token);
        await using var updates = generation.ReadAllAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await updates.MoveNextAsync());
        Volatile.Write(ref isStreaming, true);
        var others = Enumerable.Range(0, 3).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i} " + new string('p', 2000)), Token)).ToArray();
        while (await updates.MoveNextAsync() && updates.Current.FinishReason is null)
        {
        }

        Volatile.Write(ref isStreaming, false);
        await Task.WhenAll(others);
        Assert.Equal(0, stepsWithoutStream);
        Assert.InRange(longest, 2, 511);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH6_PictureBeingEncoded_OthersGoOn()
    {
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        host.Factory.Vision!.OnEncode = token => gate.Wait(token);
        var seeing = host.AnswerAsync(InferenceHost.Ask("See?", TestImages.Png(2, 2, SKColors.Red)), Token);
        for (var i = 0; i < 10; i++)
        {
            await host.AnswerAsync(InferenceHost.Ask($"{i}?"), Token);
        }

        Assert.False(seeing.IsCompleted);
        gate.Set();
        var (_, last) = await seeing;
        Assert.True(last.Timings!.ImageEncode > TimeSpan.Zero);
        await host.AssertIdleAsync();
    }
}
