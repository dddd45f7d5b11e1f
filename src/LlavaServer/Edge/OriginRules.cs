using System.Text.RegularExpressions;
using LlavaServer.Configuration;
using Microsoft.Extensions.Options;

namespace LlavaServer.Edge;

/// <summary>
/// Which pages may call: those of this machine, of desktop programs and browser extensions, and those that the configuration names. Origins are compared
/// as parsed scheme, host and port, never by beginning or end. Singleton, thread-safe.
/// </summary>
internal sealed class OriginRules(IOptions<SecurityOptions> options)
{
    private static readonly string[] s_hosts = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

    private static readonly string[] s_schemes =
    [
        "app", "file", "tauri", "vscode-webview", "vscode-file", "chrome-extension", "moz-extension", "safari-web-extension",
    ];

    private readonly Regex[] _configured = [.. SecurityOptions.Split(options.Value.Origins).Select(ToPattern)];

    public bool Allows(string origin, HostString host)
    {
        if (IsSame(origin, host))
        {
            return true;
        }

        if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.PathAndQuery is not ("" or "/") || uri.Fragment.Length > 0)
        {
            return false;
        }

        return s_schemes.Contains(uri.Scheme)
            || (uri.Scheme is "http" or "https" && s_hosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase) && origin.Contains(uri.Host, StringComparison.OrdinalIgnoreCase))
            || Array.Exists(_configured, pattern => pattern.IsMatch(origin));
    }

    private static bool IsSame(string origin, HostString host) =>
        host.HasValue
        && (origin.Equals("http://" + host.Value, StringComparison.OrdinalIgnoreCase) || origin.Equals("https://" + host.Value, StringComparison.OrdinalIgnoreCase));

    private static Regex ToPattern(string origin) =>
        new(@"\A" + Regex.Escape(origin.TrimEnd('/')).Replace(@"\*", "[^/@]*", StringComparison.Ordinal) + @"\z", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking);
}
