using System.Globalization;
using System.Net;

namespace LlavaServer.Configuration;

/// <summary>
/// An address to listen on or to call, in the spellings that <c>OLLAMA_HOST</c> accepts: <c>host</c>, <c>host:port</c>, <c>:port</c>,
/// <c>http://host:port</c>, <c>[::1]:port</c>. Without a port it is 11434, with a scheme and no port that of the scheme.
/// </summary>
internal sealed record ServerAddress(string Scheme, string Host, int Port)
{
    public const int DefaultPort = 11434;

    /// <summary>The address that a client on this machine calls: an unspecified one becomes loopback.</summary>
    public Uri ClientUri
    {
        get
        {
            var host = Host.Length == 0 || (IPAddress.TryParse(Host, out var any) && any.Equals(IPAddress.Any)) ? "127.0.0.1"
                : IPAddress.TryParse(Host, out any) && any.Equals(IPAddress.IPv6Any) ? "::1" : Host;
            return new UriBuilder(Scheme, host, Port).Uri;
        }
    }

    /// <summary>True when only this machine can connect.</summary>
    public bool IsLoopback => Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    public static bool TryParse(string text, out ServerAddress address)
    {
        address = new ServerAddress("http", "127.0.0.1", DefaultPort);
        text = text.Trim().Trim('"', '\'').Trim();
        var scheme = "http";
        var port = DefaultPort;
        var slashes = text.IndexOf("://", StringComparison.Ordinal);
        if (slashes >= 0)
        {
            scheme = text[..slashes].ToLowerInvariant();
            port = scheme == "https" ? 443 : 80;
            text = text[(slashes + 3)..];
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        text = slash >= 0 ? text[..slash] : text;
        if (scheme is not ("http" or "https"))
        {
            return false;
        }

        var colon = text.LastIndexOf(':');
        var host = text;
        var isBareIPv6 = !text.StartsWith('[') && text.Count(static c => c == ':') > 1;
        if (!isBareIPv6 && colon > text.LastIndexOf(']'))
        {
            if (!int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > 65535)
            {
                return false;
            }

            host = text[..colon];
        }
        else if (text.Length == 0)
        {
            host = "127.0.0.1";
        }

        host = host.Trim('[', ']');
        if (host.Length > 0 && Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return false;
        }

        address = new ServerAddress(scheme, host, port);
        return true;
    }

    public override string ToString() => $"{Scheme}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
}
