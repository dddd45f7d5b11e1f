using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Loading;

/// <summary>Callers who see nothing before the end do not wait for a long load: they are told when to come again.</summary>
public sealed class LoadWaitTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StartAsync_LoadTakesLongerThanTheWait_RefusedAndTheLoadGoesOn()
    {
        using var gate = new ManualResetEventSlim();
        await using var host = Host(gate, "eye");
        var patient = host.AnswerAsync(InferenceHost.Ask("1"), Token);
        var bounded = host.AnswerAsync(Bounded("2"), Token);
        await ModelPoolTests.Until(() => host.Factory.Loads == 1);
        _time.Advance(59 * Second);
        Assert.False(bounded.IsCompleted);
        _time.Advance(2 * Second);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => bounded);
        Assert.Equal((InferenceError.ModelLoading, 60 * Second), (refusal.Error, refusal.RetryAfter));
        Assert.Contains("60 s (Pool:LoadWait)", refusal.Message, StringComparison.Ordinal);
        Assert.False(patient.IsCompleted);
        gate.Set();
        await patient;
        await host.AnswerAsync(Bounded("2"), Token);
        Assert.Equal(1, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Theory]
    [InlineData(0.1, 60)]
    [InlineData(0.4, 60)]
    [InlineData(0.6, null)]
    public async Task StartAsync_PaceOfTheLoadIsKnown_RefusedAtOnceOnlyIfItTakesTooLong(double done, int? retrySeconds)
    {
        using var gate = new ManualResetEventSlim();
        await using var host = Host(gate, "eye");
        IProgress<double>? progress = null;
        host.Factory.OnLoading = (_, receiver) =>
        {
            progress = receiver;
            gate.Wait(host.Closing);
        };
        var patient = host.AnswerAsync(InferenceHost.Ask("1"), Token);
        await ModelPoolTests.Until(() => progress is not null);
        _time.Advance(50 * Second);
        progress!.Report(done);
        var bounded = host.AnswerAsync(Bounded("2"), Token);
        if (retrySeconds is { } seconds)
        {
            var refusal = await Assert.ThrowsAsync<InferenceException>(() => bounded);
            Assert.Equal((InferenceError.ModelLoading, seconds * Second), (refusal.Error, refusal.RetryAfter));
            Assert.False(patient.IsCompleted);
            gate.Set();
        }
        else
        {
            Assert.False(bounded.IsCompleted);
            gate.Set();
            await bounded;
        }

        await patient;
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_NearTheEndOfTheWait_RetryIsWhatIsLeftOfTheLoad()
    {
        using var gate = new ManualResetEventSlim();
        await using var host = Host(gate, "eye");
        IProgress<double>? progress = null;
        host.Factory.OnLoading = (_, receiver) =>
        {
            progress = receiver;
            gate.Wait(host.Closing);
        };
        var bounded = host.AnswerAsync(Bounded("1"), Token);
        await ModelPoolTests.Until(() => progress is not null);
        progress!.Report(0.8);
        _time.Advance(60 * Second);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => bounded);
        Assert.Equal(15, refusal.RetryAfter!.Value.TotalSeconds, 1e-6);
        gate.Set();
        await host.AnswerAsync(Bounded("1"), Token);
        Assert.Equal(1, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_ModelWaitsForTheLoadOfAnother_IsLoadedAlthoughItsCallerWasRefused()
    {
        using var gate = new ManualResetEventSlim();
        await using var host = Host(gate, "slow", "next");
        var first = host.AnswerAsync(InferenceHost.Ask("1") with { Model = "slow" }, Token);
        await ModelPoolTests.Until(() => host.Factory.Loads == 1);
        var bounded = Enumerable.Range(0, 3).Select(i => host.AnswerAsync(Bounded($"{i}") with { Model = "next" }, Token)).ToArray();
        _time.Advance(61 * Second);
        foreach (var one in bounded)
        {
            Assert.Equal(InferenceError.ModelLoading, (await Assert.ThrowsAsync<InferenceException>(() => one)).Error);
        }

        gate.Set();
        await first;
        await ModelPoolTests.Until(() => host.Pool.Loaded.Count == 2);
        await host.AssertIdleAsync();
        Assert.Equal(2, host.Factory.Loads);
    }

    [Fact]
    public async Task StartAsync_NoWaitConfigured_OnlyModelsInMemoryAnswer()
    {
        await using var host = new InferenceHost(time: _time, configure: static o => o.Pool.LoadWait = TimeSpan.Zero);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.AnswerAsync(Bounded("1"), Token));
        Assert.Equal(InferenceError.ModelLoading, refusal.Error);
        await ModelPoolTests.Until(() => host.Pool.Loaded.Count == 1);
        await host.AnswerAsync(Bounded("1"), Token);
        Assert.Equal(1, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    private InferenceHost Host(ManualResetEventSlim gate, params string[] models)
    {
        var host = new InferenceHost(time: _time, models: models);
        host.Factory.OnLoading = (files, _) =>
        {
            if (files.ModelPath == models[0] + ".gguf")
            {
                gate.Wait(host.Closing);
            }
        };
        return host;
    }

    private static GenerationRequest Bounded(string text) => InferenceHost.Ask(text) with { BoundsLoad = true };
}
