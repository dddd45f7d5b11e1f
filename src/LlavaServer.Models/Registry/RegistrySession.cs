using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace LlavaServer.Models.Registry;

/// <summary>
/// Requests for one model to its registry: with a token once the registry asks for one, along redirects, and without the token to any other host.
/// Thread-safe; owned by one pull or push.
/// </summary>
internal sealed class RegistrySession(RegistryNetwork network, RegistryAddress address, RegistryKey? key, TimeProvider time) : IDisposable
{
    private const int MaxRedirects = 5;
    private const int MaxTokenBytes = 64 << 10;
    private const int MaxReasonBytes = 16 << 10;
    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(60);

    private readonly bool _isInside = address.IsInside(network.IsPublic);
    private readonly SemaphoreSlim _asking = new(1);
    private volatile string? _token;

    public RegistryAddress Address => address;

    /// <summary>
    /// Sends a request and follows where its answer leads. The answer is of any status but a redirect and one that asks for a token; its caller disposes it.
    /// Throws <see cref="RegistryException"/> when there is none.
    /// </summary>
    /// <param name="method">GET, HEAD, POST, PATCH or PUT.</param>
    /// <param name="uri">Of the registry, or where it led to before.</param>
    /// <param name="prepare">Adds headers and content; called for every hop and try.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="answerTimeout">Until the answer's headers are there; null is a minute.</param>
    /// <param name="follows">False returns an answer that leads elsewhere as it is; <see cref="Next"/> says where.</param>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri uri, Action<HttpRequestMessage>? prepare, CancellationToken cancellationToken, TimeSpan? answerTimeout = null, bool follows = true)
    {
        var hasAsked = false;
        for (var hop = 0; ;)
        {
            var isHome = uri.Authority.Equals(address.Base.Authority, StringComparison.OrdinalIgnoreCase) && uri.Scheme == address.Base.Scheme;
            var token = _token;
            var response = await SendOnceAsync(method, uri, isHome ? token : null, prepare, answerTimeout ?? s_answerTimeout, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Unauthorized && isHome && !hasAsked && RegistryChallenge.Of(response.Headers) is { } challenge)
            {
                response.Dispose();
                hasAsked = true;
                await AskTokenAsync(challenge, token, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (!follows || (int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
            {
                return response;
            }

            using (response)
            {
                uri = Next(response, uri);
            }

            if (++hop > MaxRedirects)
            {
                throw new RegistryException($"the registry leads elsewhere more than {MaxRedirects} times");
            }
        }
    }

    /// <summary>Where an answer leads. Throws <see cref="RegistryException"/> when it does not say, or when that has no https and this registry has.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="uri">What was asked for.</param>
    /// <param name="header">Named in place of <c>Location</c>.</param>
    public Uri Next(HttpResponseMessage response, Uri uri, string? header = null)
    {
        var location = header is null ? response.Headers.Location
            : response.Headers.TryGetValues(header, out var values) && Uri.TryCreate(values.First(), UriKind.RelativeOrAbsolute, out var named) ? named
            : null;
        var next = location is not null ? new Uri(uri, location) : throw new RegistryException("the registry leads elsewhere and does not say where");
        return next.Scheme == Uri.UriSchemeHttps || (next.Scheme == Uri.UriSchemeHttp && address.IsInsecure)
            ? next
            : throw new RegistryException("the registry leads to an address without https");
    }

    /// <summary>
    /// What the registry itself says about an answer that refuses: after a colon, or nothing. A registry inside this network is not quoted, or its answers
    /// could be read through us.
    /// </summary>
    public async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return !_isInside && RegistryBody.ReasonIn(await RegistryBody.ReadAsync(response, MaxReasonBytes, cancellationToken).ConfigureAwait(false)) is { } reason
                ? ": " + reason
                : "";
        }
        catch (RegistryException)
        {
            return "";
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(
        HttpMethod method, Uri uri, string? token, Action<HttpRequestMessage>? prepare, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, uri);
        request.Headers.UserAgent.ParseAdd("LlavaServer");
        prepare?.Invoke(request);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), limit, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            return await network.SendAsync(request, _isInside, limit.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException failure) when (failure.InnerException is RegistryException refusal)
        {
            throw refusal;
        }
        catch (HttpRequestException failure)
        {
            throw new RegistryException($"the host '{uri.Host}' cannot be reached ({failure.HttpRequestError})", mayPass: true, failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RegistryException($"the host '{uri.Host}' did not answer in {timeout.TotalSeconds} s", mayPass: true, failure);
        }
    }

    // One request asks, the others wait for its token.
    private async Task AskTokenAsync(RegistryChallenge challenge, string? refused, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token != refused)
            {
                return;
            }

            if (!address.Trusts(challenge.Realm))
            {
                throw new RegistryException($"the registry wants a token of another host, '{challenge.Realm.Host}', which is not asked");
            }

            var query = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
            if (challenge.Service.Length > 0)
            {
                query["service"] = [challenge.Service];
            }

            query["scope"] = [.. challenge.Scopes];
            if (key is not null)
            {
                query["ts"] = [time.GetUtcNow().ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture)];
                query["nonce"] = [RegistryKey.NewNonce()];
            }

            var pairs = query.SelectMany(static pair => pair.Value.Select(value => $"{pair.Key}={Uri.EscapeDataString(value)}"));
            var uri = new UriBuilder(challenge.Realm) { Query = string.Join('&', pairs) }.Uri;
            using var response = await SendOnceAsync(
                HttpMethod.Get, uri, null, request => key?.Sign(request), s_answerTimeout, cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new RegistryException($"unauthorized: access denied ({(int)response.StatusCode})", mayPass: (int)response.StatusCode >= 500);
            }

            var body = await RegistryBody.ReadAsync(response, MaxTokenBytes, cancellationToken).ConfigureAwait(false);
            _token = TokenOf(body) ?? throw new RegistryException("the registry gives no token");
        }
        finally
        {
            _asking.Release();
        }
    }

    private static string? TokenOf(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            foreach (var name in (ReadOnlySpan<string>)["token", "access_token"])
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var token)
                    && token.ValueKind == JsonValueKind.String && token.GetString() is { Length: > 0 } text && text.All(static c => c is > ' ' and < (char)127))
                {
                    return text;
                }
            }
        }
        catch (JsonException)
        {
            // No token, said below.
        }

        return null;
    }
}
