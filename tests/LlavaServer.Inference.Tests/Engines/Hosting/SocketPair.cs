using System.Net.Sockets;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>Two connected Unix domain sockets.</summary>
internal sealed class SocketPair : IDisposable
{
    public SocketPair()
    {
        using var folder = EngineFolder.Create();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(folder.SocketPath));
        listener.Listen();
        Child = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Child.Connect(new UnixDomainSocketEndPoint(folder.SocketPath));
        Server = listener.Accept();
    }

    public Socket Server { get; }

    public Socket Child { get; }

    public void Dispose()
    {
        Server.Dispose();
        Child.Dispose();
    }
}
