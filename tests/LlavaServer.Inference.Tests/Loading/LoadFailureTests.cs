using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Loading;

/// <summary>Loads that get nowhere, engines that die again and again, and what comes after.</summary>
public sealed class LoadFailureTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LIM1_LoadTimeout_NoProgressForSoLong_EveryWaiterGetsTheReason()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.LoadTimeout = 60 * Second, models: ["eye", "other"]);
        using var gate = new ManualResetEventSlim();
        IProgress<double>? progress = null;
        host.Factory.OnLoading = (files, receiver) =>
        {
            progress = receiver;
            if (files.ModelPath == "eye.gguf")
            {
                // It does not listen to its cancellation.
                gate.Wait(host.Closing);
            }
        };
        var waiters = Enumerable.Range(0, 4).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)).ToArray();
        await ModelPoolTests.Until(() => progress is not null);
        _time.Advance(50 * Second);
        progress!.Report(0.5);
        _time.Advance(50 * Second);
        Assert.All(waiters, w => Assert.False(w.IsCompleted));
        _time.Advance(11 * Second);
        foreach (var waiter in waiters)
        {
            var failure = await Assert.ThrowsAsync<InferenceException>(() => waiter);
            Assert.Equal(InferenceError.ModelLoadFailed, failure.Error);
            Assert.Contains("Pool:LoadTimeout", failure.Message);
        }

        // Others are loaded meanwhile; the model itself as soon as the stuck load is gone.
        await host.AnswerAsync(InferenceHost.Ask("x") with { Model = "other" }, Token);
        var again = host.AnswerAsync(InferenceHost.Ask("x"), Token);
        gate.Set();
        await again;
        Assert.Equal(3, host.Factory.Loads);
        await host.AssertIdleAsync();
        Assert.Equal(2, host.Factory.Living);
    }

    [Fact]
    public async Task SCH16_EngineDiesAgainAndAgain_CircuitOpensAndRecoversByItself()
    {
        await using var host = new InferenceHost(time: _time, configure: o => (o.Pool.MaxDeaths, o.Pool.BreakTime) = (3, 30 * Second));
        host.Factory.OnDecode = _ => throw new InferenceException(InferenceError.EngineFailed, "signal 9: last words");
        var first = await Refused(host, "1");
        var second = await Refused(host, "2");
        Assert.Equal(InferenceError.EngineFailed, first.Error);
        Assert.Equal(InferenceError.EngineUnavailable, second.Error);
        Assert.Contains("signal 9: last words", second.Message);
        var loads = host.Factory.Loads;
        Assert.Equal(3, loads);

        // Open: refused at once.
        var refused = await Refused(host, "3");
        Assert.Equal(InferenceError.EngineUnavailable, refused.Error);
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 1, 30);
        Assert.Equal(loads, host.Factory.Loads);
        Assert.Equal(0, host.Factory.Living);
        await host.AssertIdleAsync();

        // After the pause one is tried; it dies too: open again.
        _time.Advance(31 * Second);
        Assert.Equal(InferenceError.EngineUnavailable, (await Refused(host, "4")).Error);
        Assert.Equal(loads + 1, host.Factory.Loads);
        await Refused(host, "5");
        Assert.Equal(loads + 1, host.Factory.Loads);

        // After the next pause it lives.
        host.Factory.OnDecode = _ => { };
        _time.Advance(31 * Second);
        await host.AnswerAsync(InferenceHost.Ask("6"), Token);
        _time.Advance(20 * Second);
        await host.AnswerAsync(InferenceHost.Ask("7"), Token);
        Assert.Equal(loads + 2, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH16_EngineDiesWhileLoading_CircuitOpens()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.MaxDeaths = 3);
        host.Factory.OnLoad = _ => throw new InferenceException(InferenceError.EngineFailed, "exit code 134");
        Assert.Equal(InferenceError.EngineFailed, (await Refused(host, "1")).Error);
        Assert.Equal(InferenceError.EngineFailed, (await Refused(host, "2")).Error);
        Assert.Equal(InferenceError.EngineUnavailable, (await Refused(host, "3")).Error);
        Assert.Contains("exit code 134", (await Refused(host, "4")).Message);
        Assert.Equal(3, host.Factory.Loads);
        host.Factory.OnLoad = _ => { };
        _time.Advance(new PoolOptions().BreakTime + Second);
        await host.AnswerAsync(InferenceHost.Ask("5"), Token);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH16_DeathsFarApart_CircuitStaysClosed()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Pool.MaxDeaths = 3);
        var isDeadly = false;
        host.Factory.OnDecode = _ =>
        {
            if (Volatile.Read(ref isDeadly))
            {
                Volatile.Write(ref isDeadly, false);
                throw new InferenceException(InferenceError.EngineFailed, "gone");
            }
        };
        for (var i = 0; i < 6; i++)
        {
            Volatile.Write(ref isDeadly, true);
            await host.AnswerAsync(InferenceHost.Ask($"{i}"), Token);
            _time.Advance(45 * Second);
        }

        Assert.Equal(7, host.Factory.Loads);
        await host.AssertIdleAsync();
    }

    private static async Task<InferenceException> Refused(InferenceHost host, string question)
    {
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.AnswerAsync(InferenceHost.Ask(question), Token));
        await host.AssertIdleAsync();
        return refusal;
    }
}
