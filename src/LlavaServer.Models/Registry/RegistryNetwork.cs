using System.Net;
using System.Net.Sockets;

namespace LlavaServer.Models.Registry;

/// <summary>
/// Connections to registries and to where they lead. Redirects are not followed here: each is looked at first. A name that leads to an address of this
/// machine or network is dialled only for a registry that was written as such an address. Thread-safe; one for the process.
/// </summary>
public sealed class RegistryNetwork : IDisposable
{
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpMessageInvoker _public;
    private readonly HttpMessageInvoker _any;

    /// <param name="isPublic">Tells public addresses from all others.</param>
    /// <param name="proxy">What dials in our place; null is what <c>HTTP_PROXY</c>, <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> say.</param>
    public RegistryNetwork(Func<IPAddress, bool> isPublic, IWebProxy? proxy = null)
    {
        IsPublic = isPublic;
        _public = new HttpMessageInvoker(Handler(ConnectPublicAsync, proxy));
        _any = new HttpMessageInvoker(Handler(null, proxy));
    }

    public Func<IPAddress, bool> IsPublic { get; }

    /// <summary>Sends one request and returns when the headers of its answer are there.</summary>
    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool isInside, CancellationToken cancellationToken) =>
        (isInside ? _any : _public).SendAsync(request, cancellationToken);

    public void Dispose()
    {
        _public.Dispose();
        _any.Dispose();
    }

    private static SocketsHttpHandler Handler(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect, IWebProxy? proxy) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = s_connectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        MaxConnectionsPerServer = 64,
        ConnectCallback = connect,
        Proxy = proxy,
    };

    private async ValueTask<Stream> ConnectPublicAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var target = context.DnsEndPoint;
        var addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(target.Host, cancellationToken).ConfigureAwait(false);

        // A proxy is the operator's, wherever it is.
        var isProxy = context.InitialRequestMessage.RequestUri is { } uri && !uri.IdnHost.Equals(target.Host, StringComparison.OrdinalIgnoreCase);
        if (!isProxy && Array.Exists(addresses, address => !IsPublic(address)))
        {
            throw new RegistryException($"the host '{target.Host}' leads to an address inside this network");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
