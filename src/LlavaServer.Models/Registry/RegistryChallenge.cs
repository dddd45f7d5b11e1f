using System.Net.Http.Headers;

namespace LlavaServer.Models.Registry;

/// <summary>
/// What a registry asks for: <c>Bearer realm="...",service="...",scope="..."</c> (RFC 6750, and the distribution specification). Immutable.
/// </summary>
internal sealed record RegistryChallenge(Uri Realm, string Service, IReadOnlyList<string> Scopes)
{
    /// <summary>Null when there is no such challenge, or it cannot be read.</summary>
    public static RegistryChallenge? Of(HttpResponseHeaders headers)
    {
        foreach (var challenge in headers.WwwAuthenticate)
        {
            if (!challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || challenge.Parameter is not { Length: < 8192 } text)
            {
                continue;
            }

            var values = Values(text);
            if (values.TryGetValue("realm", out var realm) && Uri.TryCreate(realm, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http")
            {
                var scopes = values.GetValueOrDefault("scope", "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return new RegistryChallenge(new Uri(realm), values.GetValueOrDefault("service", ""), scopes);
            }
        }

        return null;
    }

    // key="value" or key=value, separated by commas; a quoted value may have commas in it.
    private static Dictionary<string, string> Values(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        while (at < text.Length)
        {
            var equals = text.IndexOf('=', at);
            if (equals < 0)
            {
                break;
            }

            var key = text[at..equals].Trim(' ', ',');
            at = equals + 1;
            int end;
            if (at < text.Length && text[at] == '"')
            {
                end = text.IndexOf('"', ++at);
            }
            else
            {
                end = text.IndexOf(',', at);
            }

            end = end < 0 ? text.Length : end;
            values[key] = text[at..end].Trim();
            at = end + 1;
        }

        return values;
    }
}
