using System.Text.Json;

namespace LlavaServer.Tests.Fuzz;

/// <summary>The forms of errors that the dialects have.</summary>
internal static class Envelope
{
    /// <summary>What is wrong with the body of a refusal, or null.</summary>
    public static string? Wrong(string path, string text)
    {
        try
        {
            var root = JsonElement.Parse(text);
            var error = root.GetProperty("error");
            var isWell = path.StartsWith("/api/", StringComparison.Ordinal) ? error.GetString()!.Length > 0
                : path.StartsWith("/v1/messages", StringComparison.Ordinal) ? root.GetProperty("type").GetString() == "error" && Says(error)
                : Says(error) && IsTextOrNull(error.GetProperty("param")) && IsTextOrNull(error.GetProperty("code"));
            return isWell ? null : $"not the dialect's envelope: {text}";
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"not the dialect's envelope: {text}";
        }
    }

    private static bool Says(JsonElement error) => error.GetProperty("message").GetString()!.Length > 0 && error.GetProperty("type").GetString()!.Length > 0;

    private static bool IsTextOrNull(JsonElement value) => value.ValueKind is JsonValueKind.String or JsonValueKind.Null;
}
