using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Scheduling;

public sealed class ShutdownTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DrainAsync_FinishesRunningAndWaiting_RefusesNew()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.Slots = 1);
        host.Factory.Answer = _ => "complete";
        host.Factory.OnDecode = _ => Thread.Sleep(2);
        var answers = Enumerable.Range(0, 4).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)).ToArray();
        var draining = host.Generator.DrainAsync(Token);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("late"), Token));
        Assert.Equal(InferenceError.ShuttingDown, refusal.Error);
        await draining;
        Assert.True(host.Generator.IsDraining);
        Assert.All(await Task.WhenAll(answers), a => Assert.Equal("complete", a.Text));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Dispose_WithUnfinishedSequences_TheyFailAsShuttingDown()
    {
        var host = new InferenceHost(configure: o => o.Engine.Slots = 1);
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        host.Factory.OnDecode = _ => Thread.Sleep(20);
        var running = await host.Generator.StartAsync(InferenceHost.Ask("running"), Token);
        var waiting = await host.Generator.StartAsync(InferenceHost.Ask("waiting"), Token);
        using var grace = CancellationTokenSource.CreateLinkedTokenSource(Token);
        grace.CancelAfter(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.Generator.DrainAsync(grace.Token));

        var engine = host.Factory.Engine!;
        await host.DisposeAsync();
        Assert.True(engine.IsDisposed);
        foreach (var generation in new[] { running, waiting })
        {
            var failure = await Assert.ThrowsAsync<InferenceException>(() => InferenceHost.ReadAsync(generation, Token));
            Assert.Equal(InferenceError.ShuttingDown, failure.Error);
        }
    }

    [Fact]
    public async Task Dispose_NothingLoaded_Returns()
    {
        var host = new InferenceHost();
        Assert.Empty(host.Pool.Loaded);
        await host.DisposeAsync();
        Assert.Equal(0, host.Factory.Loads);
    }
}
