using Microsoft.Extensions.Primitives;

namespace LlavaServer.Edge.Access;

/// <summary>Finds the key that a caller shows: <c>Authorization: Bearer</c>, <c>x-api-key</c> (Anthropic) or <c>api-key</c> (Azure), never the query.</summary>
internal static class Credential
{
    private const string Bearer = "Bearer";

    /// <summary>
    /// The one key of a request. Null with <paramref name="isDoubtful"/> when a header comes twice, is of another scheme, or when two headers differ:
    /// another server on the way may have looked at the other one.
    /// </summary>
    public static string? Of(IHeaderDictionary headers, out bool isDoubtful)
    {
        var authorization = headers.Authorization;
        isDoubtful = authorization.Count > 1;
        string? found = null;
        if (authorization.Count > 0)
        {
            found = TokenOf(authorization[0]!);
            isDoubtful |= found is null;
        }

        foreach (var values in (ReadOnlySpan<StringValues>)[headers["x-api-key"], headers["api-key"]])
        {
            if (values.Count > 0)
            {
                var key = values[0]!.Trim();
                isDoubtful |= values.Count > 1 || (found is not null && found != key);
                found ??= key;
            }
        }

        return isDoubtful ? null : found;
    }

    private static string? TokenOf(string value) =>
        value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && (value.Length == Bearer.Length || value[Bearer.Length] == ' ')
            ? value[Bearer.Length..].Trim()
            : null;
}
