using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>The heartbeat of engine processes, by fake time.</summary>
public sealed class HeartbeatTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly SocketPair _pair = new();
    private readonly EngineChannel _server;
    private readonly EngineChannel _child;
    private int _lost;

    public HeartbeatTests()
    {
        _server = new EngineChannel(_pair.Server);
        _child = new EngineChannel(_pair.Child);
    }

    [Fact]
    public void Beat_NoAnswer_LostOnceAfterHalfAMinute()
    {
        using var heartbeat = new Heartbeat(_server, _time, () => _lost++);
        Beat(Heartbeat.Patience);
        Assert.Equal(0, _lost);
        Beat(1);
        Assert.Equal(1, _lost);
        Beat(100);
        Assert.Equal(1, _lost);
    }

    [Fact]
    public void Beat_AnswersThatComeLate_NotLost()
    {
        using var heartbeat = new Heartbeat(_server, _time, () => _lost++);
        for (var i = 0; i < 10; i++)
        {
            Beat(Heartbeat.Patience - 1);
            for (var ping = 0; ping < Heartbeat.Patience - 1; ping++)
            {
                _child.Send(FrameKind.Pong, _child.Receive().Serial, []);
            }
        }

        Assert.Equal(0, _lost);
    }

    [Fact]
    public void Beat_ChildHungUp_LostAtOnce()
    {
        using var heartbeat = new Heartbeat(_server, _time, () => _lost++);
        _child.Dispose();
        Beat(1);
        Assert.Equal(1, _lost);
    }

    [Fact]
    public void Beat_AnswerToNoQuestion_Lost()
    {
        using var heartbeat = new Heartbeat(_server, _time, () => _lost++);
        _child.Send(FrameKind.Pong, 9, []);
        Beat(1);
        Assert.Equal(1, _lost);
    }

    [Fact]
    public void Watch_AnswersAndTellsWhenTheServerIsGone()
    {
        using var gone = new ManualResetEventSlim();
        _ = new ParentWatch(_child, gone.Set);
        _server.Send(FrameKind.Ping, 5, []);
        _server.Receive(FrameKind.Pong, 5);
        Assert.False(gone.IsSet);
        _server.Dispose();
        Assert.True(gone.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        _server.Dispose();
        _child.Dispose();
        _pair.Dispose();
    }

    private void Beat(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _time.Advance(Heartbeat.Interval);
        }
    }
}
