using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace LlavaServer.Edge.Remote;

/// <summary>
/// An http or https address as a caller wrote it, read so strictly that no second parser can see another host in it (vLLM CVE-2026-24779): host names of
/// letters, digits and hyphens, addresses in their one usual spelling, no user part. Immutable.
/// </summary>
internal sealed class RemoteUrl
{
    private const int LongestUrl = 8192;
    private const int LongestHost = 253;

    private RemoteUrl(Uri uri, string host) => (Uri, Host) = (uri, host);

    public Uri Uri { get; }

    /// <summary>Name or address in lower case, without brackets and without a dot at the end.</summary>
    public string Host { get; }

    public bool IsSecure => Uri.Scheme == Uri.UriSchemeHttps;

    public static bool TryParse(string text, [NotNullWhen(true)] out RemoteUrl? url)
    {
        url = null;
        if (text.Length > LongestUrl || text.AsSpan().ContainsAnyInRange('\0', ' ') || text.AsSpan().ContainsAny('\\', '\x7f'))
        {
            return false;
        }

        var scheme = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? 7 : text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? 8 : 0;
        if (scheme == 0)
        {
            return false;
        }

        var rest = text.AsSpan(scheme);
        var end = rest.IndexOfAny('/', '?', '#');
        var authority = end < 0 ? rest : rest[..end];
        if (!TrySplit(authority, out var host, out var port) || !IsHost(host) || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            return false;
        }

        var parsed = uri.Host.Trim('[', ']').ToLowerInvariant();
        if (uri.UserInfo.Length > 0 || !IsSame(parsed, host) || (port >= 0 && port != uri.Port) || uri.Scheme is not ("http" or "https"))
        {
            return false;
        }

        url = new RemoteUrl(uri, parsed.TrimEnd('.'));
        return true;
    }

    /// <summary>Where a redirect leads.</summary>
    public bool TryFollow(Uri location, [NotNullWhen(true)] out RemoteUrl? next)
    {
        next = null;
        var text = location.OriginalString;
        var isRelative = text.StartsWith('/') ? !text.StartsWith("//", StringComparison.Ordinal) : !text.Contains(':', StringComparison.Ordinal);
        return isRelative
            ? Uri.TryCreate(Uri, text, out var target) && target.Host == Uri.Host && TryParse(target.AbsoluteUri, out next)
            : TryParse(text.StartsWith("//", StringComparison.Ordinal) ? Uri.Scheme + ":" + text : text, out next);
    }

    private static bool TrySplit(ReadOnlySpan<char> authority, out string host, out int port)
    {
        port = -1;
        var colon = authority.StartsWith("[") ? authority.IndexOf(']') + 1 : authority.IndexOf(':');
        host = (colon < 0 ? authority : authority[..colon]).ToString();
        if (colon < 0 || colon == authority.Length)
        {
            return true;
        }

        var digits = authority[(colon + 1)..];
        return authority[colon] == ':' && digits.Length is > 0 and <= 5 && !digits.ContainsAnyExceptInRange('0', '9') && int.TryParse(digits, out port) && port is > 0 and < 65536;
    }

    private static bool IsHost(string host)
    {
        if (host.StartsWith('['))
        {
            return host.EndsWith(']') && !host.Contains('%', StringComparison.Ordinal)
                && IPAddress.TryParse(host.AsSpan(1, host.Length - 2), out var six) && six.AddressFamily == AddressFamily.InterNetworkV6;
        }

        var name = host.EndsWith('.') ? host[..^1] : host;
        var labels = name.Split('.');
        if (name.Length is 0 or > LongestHost || !Array.TrueForAll(labels, static label => label.Length is > 0 and <= 63 && label.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
        {
            return false;
        }

        // No top-level domain begins with a digit: this is a number in one of the spellings of IPv4, of which one is usual.
        return !char.IsAsciiDigit(labels[^1][0]) || (IPAddress.TryParse(host, out var four) && four.ToString() == host);
    }

    private static bool IsSame(string parsed, string host) => host.StartsWith('[')
        ? IPAddress.Parse(parsed).Equals(IPAddress.Parse(host.AsSpan(1, host.Length - 2)))
        : parsed.Equals(host, StringComparison.OrdinalIgnoreCase);
}
