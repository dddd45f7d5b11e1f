using System.Net.Sockets;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>Frames on the wire, proper ones and hostile bytes.</summary>
public sealed class EngineChannelTests : IDisposable
{
    private readonly SocketPair _pair = new();
    private readonly EngineChannel _channel;

    public EngineChannelTests() => _channel = new EngineChannel(_pair.Server);

    [Theory]
    [InlineData("a negative length", new byte[] { 255, 255, 255, 255, 11, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("a huge length", new byte[] { 0, 0, 0, 100, 11, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("one byte too many", new byte[] { 1, 0, 1, 0, 11, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("kind 0", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("kind 500", new byte[] { 0, 0, 0, 0, 244, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("first reserved bytes", new byte[] { 0, 0, 0, 0, 11, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData("last reserved bytes", new byte[] { 0, 0, 0, 0, 11, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1 })]
    public void MEM10_Receive_HostileHeader_ProtocolError(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        _pair.Child.Send(bytes);
        Assert.Throws<EngineProtocolException>(() => { _ = _channel.Receive().Kind; });
    }

    [Theory]
    [InlineData(5)]
    [InlineData(20)]
    public void MEM10_Receive_HangsUpInsideAFrame_EndOfStream(int bytes)
    {
        byte[] frame = [8, 0, 0, 0, 11, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        _pair.Child.Send(frame.AsSpan(0, bytes));
        _pair.Child.Dispose();
        Assert.Throws<EndOfStreamException>(() => { _ = _channel.Receive().Kind; });
    }

    [Fact]
    public void Receive_NothingInTime_IOException()
    {
        _channel.ReceiveTimeout = TimeSpan.FromMilliseconds(20);
        Assert.IsNotType<EndOfStreamException>(Assert.ThrowsAny<IOException>(() => { _ = _channel.Receive().Kind; }));
    }

    [Fact]
    public void Send_FramesOfManySizes_ArriveAsTheyWere()
    {
        using var child = new EngineChannel(_pair.Child);
        _channel.MaxPayload = 1 << 20;
        var random = new Random(1);
        for (uint i = 0; i < 200; i++)
        {
            var payload = new byte[random.Next(1 << random.Next(1, 17))];
            random.NextBytes(payload);
            child.Send(FrameKind.Step, i, payload);
            Assert.Equal(payload, _channel.Receive(FrameKind.Step, i).Payload.ToArray());
        }
    }

    [Fact]
    public void Send_OtherSideGone_EndOfStream()
    {
        _pair.Child.Dispose();
        Assert.Throws<EndOfStreamException>(() =>
        {
            _channel.Send(FrameKind.Ping, 1, []);
            _channel.Send(FrameKind.Ping, 2, []);
        });
    }

    [Fact]
    public async Task Dispose_WhileAnotherThreadReceives_WakesIt()
    {
        var receiving = Task.Factory.StartNew(
            () => Assert.Throws<EndOfStreamException>(() => { _ = _channel.Receive().Kind; }),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        _channel.Dispose();
        await receiving;
    }

    public void Dispose()
    {
        _channel.Dispose();
        _pair.Dispose();
    }
}
