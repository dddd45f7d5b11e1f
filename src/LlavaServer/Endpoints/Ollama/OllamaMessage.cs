using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One message of a chat request, or the message of a chat answer. Immutable.</summary>
internal sealed record OllamaMessage
{
    /// <summary><c>system</c>, <c>user</c> or <c>assistant</c>.</summary>
    [JsonPropertyName("role")]
    public required string Role { get; init; }

    [JsonPropertyName("content")]
    public required string Content { get; init; }

    /// <summary>Pictures as base64 (PNG, JPEG, WebP, GIF, BMP).</summary>
    [JsonPropertyName("images")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<byte[]>? Images { get; init; }
}
