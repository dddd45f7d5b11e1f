using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Engines that hang: one that can be ended is started again and its streams go on, of another only the probes tell.</summary>
public sealed class StepWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SCH14_EngineInTheServerHangs_StalledAndToldOnceUntilItGoesOn()
    {
        await using var host = new InferenceHost(time: _time);
        using var gate = new ManualResetEventSlim();
        using var hanging = new ManualResetEventSlim();
        host.Factory.OnDecode = _ =>
        {
            hanging.Set();
            gate.Wait(host.Closing);
        };
        var answer = host.AnswerAsync(InferenceHost.Ask("a secret question"), Token);
        hanging.Wait(Token);
        _time.Advance(TimeSpan.FromSeconds(119));
        Assert.False(host.Pool.IsStalled);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(host.Pool.IsStalled);
        _time.Advance(TimeSpan.FromSeconds(300));
        var told = Assert.Single(host.Log.Lines, l => l.Contains("hangs", StringComparison.Ordinal));
        Assert.Contains("running 1 of 4, waiting 0, pictures 0, steps 0; slot 0: prompt", told, StringComparison.Ordinal);
        Assert.Contains("computed 0, generated 0", told, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Log.Lines, l => l.Contains("secret", StringComparison.Ordinal));
        Assert.Single(host.Log.Lines, l => l.Contains("cannot be ended", StringComparison.Ordinal));
        gate.Set();
        Assert.StartsWith("re ", (await answer).Text, StringComparison.Ordinal);
        await host.AssertIdleAsync();
        Assert.False(host.Pool.IsStalled);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(host.Pool.IsStalled);
        Assert.Equal(1, host.Factory.Loads);
    }

    [Fact]
    public async Task SCH14_EngineProcessHangs_EndedStartedAgainAndStreamsGoOn()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Engine.StepTimeout = TimeSpan.FromSeconds(30));
        host.Factory.Answer = _ => "an answer that is not cut";
        using var ended = new ManualResetEventSlim();
        using var hanging = new ManualResetEventSlim();
        var reason = "";
        host.Factory.TryEnd = text =>
        {
            reason = text;
            ended.Set();
            return true;
        };
        var steps = 0;
        host.Factory.OnDecode = _ =>
        {
            if (++steps == 7)
            {
                hanging.Set();
                ended.Wait(host.Closing);
                throw new InferenceException(InferenceError.EngineFailed, reason) { EngineDied = true };
            }
        };
        var answers = Enumerable.Range(0, 3).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)).ToArray();
        hanging.Wait(Token);
        _time.Advance(TimeSpan.FromSeconds(40));
        foreach (var answer in answers)
        {
            Assert.Equal("an answer that is not cut", (await answer).Text);
        }

        Assert.Contains("Engine:StepTimeout", reason, StringComparison.Ordinal);
        Assert.Equal(2, host.Factory.Loads);
        Assert.False(host.Pool.IsStalled);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH14_PictureHangs_StalledAfterFiveTimesTheLimitOfAStep()
    {
        await using var host = new InferenceHost(time: _time, configure: o => o.Engine.StepTimeout = TimeSpan.FromSeconds(30));
        using var gate = new ManualResetEventSlim();
        using var hanging = new ManualResetEventSlim();
        host.Factory.Vision!.OnEncode = _ =>
        {
            hanging.Set();
            gate.Wait(host.Closing);
        };
        var answer = host.AnswerAsync(InferenceHost.Ask("x", TestImages.Png(2, 2, SKColors.Red)), Token);
        hanging.Wait(Token);
        _time.Advance(TimeSpan.FromSeconds(140));
        Assert.True(SpinWait.SpinUntil(() => !host.Pool.IsStalled, Limit));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(host.Pool.IsStalled);
        gate.Set();
        await answer;
        Assert.False(host.Pool.IsStalled);
    }

    [Fact]
    public async Task SCH14_ReaderThatStops_IsNoStall()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 1_000_000 }, time: _time);
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("x"), Token);
        while (host.Factory.Steps < Inference.Scheduling.OutputBuffer.Capacity)
        {
            await Task.Delay(5, Token);
        }

        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(100));
            Assert.True(SpinWait.SpinUntil(() => !host.Pool.IsStalled, Limit));
        }
    }
}
