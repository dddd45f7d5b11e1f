using System.Diagnostics;
using System.Net.Sockets;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The connections between a server and one engine process, and how both sides make them. Owned by whoever made them.</summary>
internal sealed class EngineConnections : IDisposable
{
    private const int Count = 4;
    private static readonly TimeSpan HelloLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private readonly EngineChannel?[] _channels = new EngineChannel?[Count];

    public EngineChannel Steps => _channels[(int)ChannelKind.Steps]!;

    public EngineChannel Vision => _channels[(int)ChannelKind.Vision]!;

    public EngineChannel Turns => _channels[(int)ChannelKind.Turns]!;

    public EngineChannel Life => _channels[(int)ChannelKind.Life]!;

    /// <summary>The child's side: connects and says hello. Throws <see cref="IOException"/> when there is no server or it wants nothing of this build.</summary>
    public static EngineConnections Connect(string socketPath)
    {
        var connections = new EngineConnections();
        try
        {
            for (var kind = 0; kind < Count; kind++)
            {
                var channel = connections._channels[kind] = new EngineChannel(Connected(socketPath)) { ReceiveTimeout = HelloLimit };
                var hello = new HelloMessage(HelloMessage.CurrentProtocol, HelloMessage.CurrentBuild, Environment.ProcessId, (ChannelKind)kind);
                HostingJson.Send(channel, FrameKind.Hello, 0, hello, HostingJson.Default.HelloMessage);
                channel.Receive(FrameKind.Welcome, 0);
                channel.ReceiveTimeout = TimeSpan.Zero;
            }

            return connections;
        }
        catch
        {
            connections.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The server's side: waits for the connections of a child. Throws <see cref="IOException"/> when it ends or is too late,
    /// <see cref="EngineProtocolException"/> when something else connects or it is of another build.
    /// </summary>
    public static EngineConnections Accept(Socket listener, IEngineChild child, TimeSpan limit, CancellationToken cancellationToken)
    {
        var connections = new EngineConnections();
        try
        {
            var started = Stopwatch.GetTimestamp();
            for (var accepted = 0; accepted < Count;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (listener.Poll(LookInterval, SelectMode.SelectRead))
                {
                    connections.Take(new EngineChannel(listener.Accept()), child.Id);
                    accepted++;
                }
                else if (child.HasExited)
                {
                    throw new EndOfStreamException("the process ended before it said hello");
                }
                else if (Stopwatch.GetElapsedTime(started) > limit)
                {
                    throw new IOException("the process did not say hello in time");
                }
            }

            return connections;
        }
        catch
        {
            connections.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var channel in _channels)
        {
            channel?.Dispose();
        }
    }

    private static Socket Connected(string socketPath)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new IOException("no server listens at the socket", exception);
        }
    }

    private void Take(EngineChannel channel, int childId)
    {
        try
        {
            channel.ReceiveTimeout = HelloLimit;
            var hello = HostingJson.Read(channel.Receive(FrameKind.Hello, 0), HostingJson.Default.HelloMessage);
            if (hello.Protocol != HelloMessage.CurrentProtocol || hello.Build != HelloMessage.CurrentBuild)
            {
                throw new EngineProtocolException($"its protocol is {hello.Protocol} of another build; install server and engine together");
            }

            if (hello.ProcessId != childId || !Enum.IsDefined(hello.Channel) || _channels[(int)hello.Channel] is not null)
            {
                throw new EngineProtocolException("a connection that is not expected");
            }

            channel.Send(FrameKind.Welcome, 0, []);
            channel.ReceiveTimeout = TimeSpan.Zero;
            _channels[(int)hello.Channel] = channel;
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }
}
