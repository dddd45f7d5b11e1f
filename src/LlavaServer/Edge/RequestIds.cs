using System.Security.Cryptography;

namespace LlavaServer.Edge;

/// <summary>Ids that join a caller's log with ours.</summary>
internal static class RequestIds
{
    private const int MaxLength = 128;

    /// <summary>The caller's id when it is harmless in a header and in a log, else a new one.</summary>
    public static string Of(HttpRequest request)
    {
        var given = request.Headers["x-request-id"];
        return given is [{ Length: > 0 and <= MaxLength } id] && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            ? id
            : "req_" + RandomNumberGenerator.GetHexString(32, lowercase: true);
    }
}
