using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Loading;

/// <summary>How long models stay in memory, and which make room for which.</summary>
public sealed class ModelPoolTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KeepAlive_Default_UnloadsAfterTheLastRequestAndLoadsAgain()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.KeepAlive = 60 * Second);
        await host.AnswerAsync(InferenceHost.Ask("1"), Token);
        _time.Advance(59 * Second);
        await host.AnswerAsync(InferenceHost.Ask("2"), Token);
        Assert.Equal(_time.GetUtcNow() + (60 * Second), Assert.Single(host.Pool.Running).ExpiresAt);
        _time.Advance(59 * Second);
        Assert.Single(host.Pool.Loaded);
        _time.Advance(Second);
        await Until(() => host.Factory.Living == 0);
        Assert.Empty(host.Pool.Loaded);
        await host.AnswerAsync(InferenceHost.Ask("3"), Token);
        Assert.Equal(2, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task KeepAlive_RunningAnswer_IdleTimeBeginsAtItsEnd()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.KeepAlive = 60 * Second);
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var generation = await host.Generator.StartAsync(InferenceHost.Ask("1"), Token);
        await Until(() => host.Model.Queue.Counts.Running == 1);
        _time.Advance(600 * Second);
        Assert.Single(host.Pool.Loaded);
        gate.Release(1000);
        await InferenceHost.ReadAsync(generation, Token);
        _time.Advance(59 * Second);
        Assert.Single(host.Pool.Loaded);
        _time.Advance(Second);
        await Until(() => host.Factory.Living == 0);
    }

    [Fact]
    public async Task KeepAlive_OfARequest_SticksUntilAnother()
    {
        await using var host = new InferenceHost(time: _time);
        await host.AnswerAsync(InferenceHost.Ask("1") with { KeepAlive = -Second }, Token);
        await host.AnswerAsync(InferenceHost.Ask("2"), Token);
        Assert.Null(Assert.Single(host.Pool.Running).ExpiresAt);
        _time.Advance(TimeSpan.FromDays(100));
        Assert.Single(host.Pool.Loaded);

        await host.AnswerAsync(InferenceHost.Ask("3") with { KeepAlive = TimeSpan.FromDays(50) }, Token);
        _time.Advance(TimeSpan.FromDays(49));
        Assert.Single(host.Pool.Loaded);
        _time.Advance(TimeSpan.FromDays(1));
        await Until(() => host.Factory.Living == 0);
        Assert.Equal(1, host.Factory.Loads);

        // What was said goes with the model.
        await host.AnswerAsync(InferenceHost.Ask("4"), Token);
        Assert.Equal(_time.GetUtcNow() + new PoolOptions().KeepAlive, Assert.Single(host.Pool.Running).ExpiresAt);
    }

    [Fact]
    public async Task KeepAlive_Zero_AnswersThenUnloadsAtOnce()
    {
        await using var host = new InferenceHost(time: _time);
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask("1") with { KeepAlive = TimeSpan.Zero }, Token);
        Assert.NotEqual("", text);
        await Until(() => host.Factory.Living == 0 && host.Pool.Loaded.Count == 0);
        await host.AnswerAsync(InferenceHost.Ask("2"), Token);
        Assert.Equal(2, host.Factory.Loads);
        Assert.Single(host.Pool.Loaded);
    }

    [Fact]
    public async Task Unload_WhileAnswering_AnswerIsWholeAndTheNextRequestLoadsAgain()
    {
        await using var host = new InferenceHost(time: _time);
        host.Factory.Answer = _ => "whole";
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var generation = await host.Generator.StartAsync(InferenceHost.Ask("1"), Token);
        await Until(() => host.Pool.Loaded.Count == 1);
        host.Pool.Unload(host.Model.Entry);
        host.Pool.Unload(host.Model.Entry);
        var next = host.AnswerAsync(InferenceHost.Ask("2"), Token);
        Assert.False(host.Factory.Engine!.IsDisposed);
        gate.Release(1000);
        Assert.Equal("whole", (await InferenceHost.ReadAsync(generation, Token)).Text);
        Assert.Equal("whole", (await next).Text);
        Assert.Equal((2, 1), (host.Factory.Loads, host.Factory.Living));
        host.Pool.Unload(host.Model.Entry);
        await Until(() => host.Factory.Living == 0);
        host.Pool.Unload(host.Model.Entry);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH12_MaxLoaded_LeastRecentlyUsedMakesRoom()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.MaxLoaded = 2, models: ["a", "b", "c"]);
        foreach (var name in new[] { "a", "b", "a", "c" })
        {
            await host.AnswerAsync(InferenceHost.Ask("x") with { Model = name }, Token);
            await host.AssertIdleAsync();
            _time.Advance(Second);
        }

        Assert.Equal(["a:latest", "c:latest"], host.Pool.Loaded.Select(m => m.Entry.Name).Order());
        Assert.Equal((3, 2), (host.Factory.Loads, host.Factory.Living));
    }

    [Fact]
    public async Task SCH12_MemoryBudget_CountedBeforeLoading()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.MemoryBudget = 100 << 20, models: ["a", "b", "c", "d"]);
        host.Factory.Estimate = (files, _) => (files.ModelPath[0] - 'a' + 1) * (20L << 20);
        var living = new List<int>();
        host.Factory.OnLoad = _ => living.Add(host.Factory.Living);
        foreach (var name in new[] { "a", "b", "c" })
        {
            await host.AnswerAsync(InferenceHost.Ask("x") with { Model = name }, Token);
            await host.AssertIdleAsync();
            _time.Advance(Second);
        }

        // 20 + 40 stay; for 60 the oldest goes first; for 80 both others.
        Assert.Equal(["b:latest", "c:latest"], host.Pool.Loaded.Select(m => m.Entry.Name).Order());
        await host.AnswerAsync(InferenceHost.Ask("x") with { Model = "d" }, Token);
        Assert.Equal(["d:latest"], host.Pool.Loaded.Select(m => m.Entry.Name));
        Assert.Equal([0, 1, 1, 0], living);
    }

    [Fact]
    public async Task SCH17_ModelBeyondTheBudget_RefusedWithNumbersAndNothingIsEvicted()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.MemoryBudget = 100 << 20, models: ["a", "huge"]);
        host.Factory.Estimate = (files, _) => files.ModelPath == "huge.gguf" ? 300L << 20 : 1;
        await host.AnswerAsync(InferenceHost.Ask("x") with { Model = "a" }, Token);
        var failure = await Assert.ThrowsAsync<InferenceException>(() => host.AnswerAsync(InferenceHost.Ask("x") with { Model = "huge" }, Token));
        Assert.Equal((InferenceError.OutOfMemory, true), (failure.Error, failure.IsPermanent));
        Assert.Contains("300 MiB", failure.Message);
        Assert.Contains("100 MiB are allowed (Pool:MemoryBudget)", failure.Message);
        Assert.Equal(["a:latest"], host.Pool.Loaded.Select(m => m.Entry.Name));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH13_TwoBusyModelsInRoomForOne_BothAreServed()
    {
        await using var host = new InferenceHost(configure: o => o.Pool.MaxLoaded = 1, models: ["a", "b"]);
        var served = new int[2];
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var clients = Enumerable.Range(0, 6).Select(async i =>
        {
            for (var n = 0; n < 1000 && !over.IsCancellationRequested; n++)
            {
                await host.AnswerAsync(InferenceHost.Ask($"{n}") with { Model = i % 2 == 0 ? "a" : "b" }, Token);
                Interlocked.Increment(ref served[i % 2]);
                if (Volatile.Read(ref served[0]) >= 10 && Volatile.Read(ref served[1]) >= 10)
                {
                    await over.CancelAsync();
                }
            }
        }).ToArray();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.True(over.IsCancellationRequested, $"{served[0]} and {served[1]}");
        Assert.InRange(host.Factory.Living, 0, 1);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH13_LargerContext_ReloadsOnceSmallerIsGoodEnough()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { HonoursContext = true }, o => o.Engine.ContextLength = 128, _time);
        await host.AnswerAsync(InferenceHost.Ask("x") with { ContextLength = 64 }, Token);
        Assert.Equal((1, 128), (host.Factory.Loads, host.Pool.Loaded[0].Info.ContextLength));
        await host.AnswerAsync(InferenceHost.Ask("x") with { ContextLength = 256, KeepAlive = -Second }, Token);
        Assert.Equal((2, 256), (host.Factory.Loads, host.Pool.Loaded[0].Info.ContextLength));
        Assert.Null(host.Pool.Running[0].ExpiresAt);
        await host.AnswerAsync(InferenceHost.Ask("x"), Token);
        await host.AnswerAsync(InferenceHost.Ask("x") with { ContextLength = 200 }, Token);
        Assert.Equal(2, host.Factory.Loads);

        // At most what the model was trained for.
        await host.AnswerAsync(InferenceHost.Ask("x") with { ContextLength = 100_000 }, Token);
        await host.AnswerAsync(InferenceHost.Ask("x") with { ContextLength = 200_000 }, Token);
        Assert.Equal((3, 512), (host.Factory.Loads, host.Pool.Loaded[0].Info.ContextLength));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH13_LargerContextBeyondTheBudget_ServedWithThePresentOne()
    {
        await using var host = new InferenceHost(
            new FakeEngineFactory { HonoursContext = true, Estimate = (_, options) => options.ContextLength },
            o => (o.Engine.ContextLength, o.Pool.MemoryBudget) = (128, 200),
            _time);
        await host.AnswerAsync(InferenceHost.Ask("x"), Token);
        await host.AnswerAsync(InferenceHost.Ask("x") with { ContextLength = 256 }, Token);
        Assert.Equal((1, 128), (host.Factory.Loads, host.Pool.Loaded[0].Info.ContextLength));
    }

    [Fact]
    public async Task LoadAsync_Progress_IsSeenAndManyWaitForOneLoad()
    {
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        IProgress<double>? progress = null;
        host.Factory.OnLoading = (_, receiver) => progress = receiver;
        host.Factory.OnLoad = _ => gate.Wait(host.Closing);
        var leases = Enumerable.Range(0, 20).Select(_ => host.Pool.LoadAsync(host.Model.Entry, new ModelDemand(), Token)).ToArray();
        using var watcher = host.Pool.Acquire(host.Model.Entry, new ModelDemand());
        await Until(() => progress is not null);
        progress!.Report(0.25);
        progress.Report(0.2);
        Assert.Equal(0.25, watcher.Progress);
        gate.Set();
        foreach (var lease in await Task.WhenAll(leases))
        {
            lease.Dispose();
        }

        Assert.Equal((1, 1.0), (host.Factory.Loads, watcher.Progress));
    }

    [Fact]
    public async Task Executors_Two_SequencesGoToTheOneWithFewer()
    {
        await using var host = new InferenceHost(configure: o => (o.Pool.Executors, o.Engine.Slots) = (2, 1));
        using var gate = new SemaphoreSlim(0);
        var inside = 0;
        host.Factory.OnDecode = _ =>
        {
            Interlocked.Increment(ref inside);
            gate.Wait(host.Closing);
        };
        var answers = Enumerable.Range(0, 2).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)).ToArray();

        // Both engines are in a step at once.
        await Until(() => Volatile.Read(ref inside) == 2);
        Assert.Equal((2, 0, 2), host.Model.Queue.Counts);
        gate.Release(1000);
        await Task.WhenAll(answers);
        Assert.Equal(2, host.Factory.Loads);
        await host.AssertIdleAsync();
        Assert.Single(host.Pool.Loaded);
    }

    [Fact]
    public async Task Executors_Two_PromptGoesWhereItsBeginningIs()
    {
        await using var host = new InferenceHost(configure: o => (o.Pool.Executors, o.Engine.Slots) = (2, 2));
        const string Picture = "A long question about the weather in the mountains, and ";
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        var other = host.AnswerAsync(InferenceHost.Ask("who are you?"), Token);
        await Until(() => host.Model.Loaded?.Executors.Sum(e => e.SequenceCount) == 1);
        var first = host.AnswerAsync(InferenceHost.Ask(Picture + "one"), Token);
        await Until(() => host.Model.Loaded!.Executors.All(e => e.SequenceCount == 1));
        gate.Release(100_000);
        await Task.WhenAll(other, first);

        // Both are idle: by their number of sequences alone the first would get it.
        var (_, again) = await host.AnswerAsync(InferenceHost.Ask(Picture + "two"), Token);
        Assert.InRange(again.Usage!.CachedTokens, Picture.Length, again.Usage.PromptTokens);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Executors_Two_BusyOneIsNotWaitedForWhereAnotherIsFree()
    {
        await using var host = new InferenceHost(configure: o => (o.Pool.Executors, o.Engine.Slots) = (2, 1));
        const string Question = "A long question about the weather in the mountains, again";
        await host.AnswerAsync(InferenceHost.Ask(Question), Token);
        var inside = 0;
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ =>
        {
            Interlocked.Increment(ref inside);
            gate.Wait(host.Closing);
        };
        var answers = Enumerable.Range(0, 2).Select(_ => host.AnswerAsync(InferenceHost.Ask(Question), Token)).ToArray();
        await Until(() => Volatile.Read(ref inside) == 2);
        gate.Release(100_000);
        await Task.WhenAll(answers);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task EngineProcesses_NamedModels_RunWhereTheSettingSays()
    {
        await using var host = new InferenceHost(models: ["eye", "bird"], configure: o => o.Engine.Processes = "BIRD=child, none = in");
        var places = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        host.Factory.Estimate = (files, options) =>
        {
            places[files.ModelPath] = options.InOwnProcess;
            return 1;
        };
        await host.AnswerAsync(InferenceHost.Ask("x"), Token);
        await host.AnswerAsync(InferenceHost.Ask("x") with { Model = "bird" }, Token);
        Assert.Equal((false, true), (places["eye.gguf"], places["bird.gguf"]));
    }

    internal static async Task Until(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "It did not happen in 20 s.");
            await Task.Delay(2, Token);
        }
    }
}
