using System.Net;
using System.Net.Sockets;

namespace LlavaServer.Edge.Remote;

/// <summary>How names are looked up and addresses connected to. Tests put their own in place of the system's. Immutable.</summary>
internal sealed record RemoteNetwork
{
    /// <summary>All addresses of a name. Throws <see cref="SocketException"/> when there are none.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>A connection to exactly this address.</summary>
    public Func<IPEndPoint, CancellationToken, Task<Stream>> Connect { get; init; } = ConnectAsync;

    private static async Task<Stream> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
