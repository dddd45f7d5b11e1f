using System.Net;
using System.Net.Sockets;
using LlavaServer.Configuration;
using LlavaServer.Endpoints;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace LlavaServer.Edge.Remote;

/// <summary>
/// Fetches pictures from the network on behalf of callers, against server-side request forgery: strict addresses, one look-up a hop of which every
/// answer must be public, a connection to a checked address, redirects by hand, bounded in size and time. No proxy, cookies or credentials. Singleton,
/// thread-safe.
/// </summary>
internal sealed class RemoteImages : IDisposable
{
    private const int LongestHeadersKiB = 64;
    private const int ConnectionsPerServer = 4;
    private const int BlockBytes = 64 << 10;

    private readonly RemoteImageOptions _options;
    private readonly long _maxBytes;
    private readonly int[] _ports;
    private readonly string[] _hosts;
    private readonly RemoteNetwork _network;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _downloads;
    private readonly ResiliencePipeline _retry;
    private readonly Lazy<HttpMessageInvoker> _client;

    public RemoteImages(IOptions<RemoteImageOptions> options, IOptions<LimitsOptions> limits, RemoteNetwork network, TimeProvider time)
    {
        _options = options.Value;
        _maxBytes = limits.Value.ImageBytes;
        _ports = [.. SecurityOptions.Split(_options.RemotePorts).Select(int.Parse)];
        _hosts = SecurityOptions.Split(_options.RemoteHosts);
        _network = network;
        _time = time;
        _downloads = new SemaphoreSlim(_options.RemoteDownloads);
        _client = new Lazy<HttpMessageInvoker>(NewClient);
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<DownloadException>(static failure => failure.IsTransient),
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();
    }

    /// <summary>Whether pictures are fetched at all.</summary>
    public bool IsOn => _options.AllowRemoteImages;

    /// <summary>The bytes behind an address, whatever they are. Throws <see cref="RequestException"/> with the path.</summary>
    /// <param name="address">As the caller wrote it.</param>
    /// <param name="path">Where it stands in the request.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    public async Task<byte[]> FetchAsync(string address, string path, CancellationToken cancellationToken)
    {
        if (!RemoteUrl.TryParse(address, out var url))
        {
            throw Refused(path, "The address must be a plain http or https address, without user names and unusual spellings of numbers");
        }

        CheckTarget(url, path);
        using var deadline = new CancellationTokenSource(_options.RemoteTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await _downloads.WaitAsync(either.Token);
            try
            {
                return await _retry.ExecuteAsync(token => FollowAsync(url, path, token), either.Token);
            }
            finally
            {
                _downloads.Release();
            }
        }
        catch (DownloadException failure)
        {
            throw Failed(path, failure.Message);
        }
        catch (RefusedAddressException)
        {
            throw Refused(path, "The address does not lead to a public host");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Failed(path, $"it took longer than {_options.RemoteTimeout.TotalSeconds:0.#} s (Images:RemoteTimeout)");
        }
    }

    public void Dispose()
    {
        _downloads.Dispose();
        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }
    }

    private async ValueTask<byte[]> FollowAsync(RemoteUrl url, string path, CancellationToken cancellationToken)
    {
        for (var redirects = 0; ; redirects++)
        {
            using var response = await SendAsync(url, cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return await ReadAsync(response.Content, path, cancellationToken);
            }

            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            {
                throw new DownloadException($"its server answered with status {(int)response.StatusCode}", (int)response.StatusCode is 502 or 503 or 504);
            }

            if (redirects == _options.RemoteRedirects)
            {
                throw new DownloadException($"there are more than {_options.RemoteRedirects} redirects (Images:RemoteRedirects)", isTransient: false);
            }

            if (!url.TryFollow(location, out var next) || (url.IsSecure && !next.IsSecure))
            {
                throw new DownloadException("its server redirects to an address that is not followed", isTransient: false);
            }

            CheckTarget(next, path);
            url = next;
        }
    }

    private void CheckTarget(RemoteUrl url, string path)
    {
        if (!_ports.Contains(url.Uri.Port))
        {
            throw Refused(path, "This server does not fetch pictures from that port (Images:RemotePorts)");
        }

        if (_hosts.Length > 0 && !Array.Exists(_hosts, allowed => IsAllowed(url.Host, allowed)))
        {
            throw Refused(path, "This server does not fetch pictures from that host (Images:RemoteHosts)");
        }
    }

    private static bool IsAllowed(string host, string allowed) => allowed.StartsWith("*.", StringComparison.Ordinal)
        ? host.Length > allowed.Length - 1 && host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
        : host.Equals(allowed, StringComparison.OrdinalIgnoreCase);

    private async Task<HttpResponseMessage> SendAsync(RemoteUrl url, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url.Uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("User-Agent", "LlavaServer/" + ProductVersion.Short);
        request.Headers.TryAddWithoutValidation("Accept", "image/*");
        try
        {
            return await _client.Value.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.InnerException is RefusedAddressException)
        {
            throw new RefusedAddressException();
        }
        catch (HttpRequestException exception)
        {
            throw new DownloadException("its server cannot be reached", exception.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.ResponseEnded);
        }
    }

    private async Task<byte[]> ReadAsync(HttpContent content, string path, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > _maxBytes)
        {
            throw TooLarge(path);
        }

        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            using var bytes = new MemoryStream();
            var block = new byte[BlockBytes];
            int count;
            while ((count = await stream.ReadAsync(block, cancellationToken)) > 0)
            {
                bytes.Write(block, 0, count);
                if (bytes.Length > _maxBytes)
                {
                    throw TooLarge(path);
                }
            }

            return bytes.Length > 0
                ? bytes.ToArray()
                : throw new RequestException(StatusCodes.Status400BadRequest, "empty_image_file", $"The image in '{path}' has no bytes.", path);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new DownloadException("its server ended the answer early", isTransient: true);
        }
    }

    private HttpMessageInvoker NewClient() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        Credentials = null,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = LongestHeadersKiB,
        MaxConnectionsPerServer = ConnectionsPerServer,
        MaxResponseDrainSize = 0,

        // Each hop looks its name up and is checked by itself: no connection of an earlier one is used.
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = async (context, cancellationToken) => await DialAsync(context.DnsEndPoint, cancellationToken),
    });

    private async Task<Stream> DialAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = await AddressesAsync(target.Host, cancellationToken);
        SocketException? last = null;
        foreach (var address in addresses)
        {
            try
            {
                return await _network.Connect(new IPEndPoint(address, target.Port), cancellationToken);
            }
            catch (SocketException exception)
            {
                last = exception;
            }
        }

        throw last!;
    }

    private async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await _network.Resolve(host, cancellationToken);
        }
        catch (SocketException)
        {
            // Whether a name is known inside is nobody's business.
            throw new RefusedAddressException();
        }

        return addresses.Length > 0 && Array.TrueForAll(addresses, PublicAddresses.Contains) ? addresses : throw new RefusedAddressException();
    }

    private RequestException TooLarge(string path) =>
        new(StatusCodes.Status400BadRequest, "image_file_too_large", $"The image in '{path}' has more than {_maxBytes} bytes (Limits:ImageBytes).", path);

    private static RequestException Refused(string path, string reason) =>
        new(StatusCodes.Status400BadRequest, "invalid_image_url", $"Invalid image URL in '{path}'. {reason}.", path);

    private static RequestException Failed(string path, string reason) =>
        new(StatusCodes.Status400BadRequest, "failed_to_download_image", $"The image in '{path}' could not be downloaded: {reason}.", path);
}
