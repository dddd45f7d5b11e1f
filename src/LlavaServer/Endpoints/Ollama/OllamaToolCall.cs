using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>A call of a tool in a message. Immutable.</summary>
internal sealed record OllamaToolCall
{
    [JsonPropertyName("id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonPropertyName("function")]
    public required OllamaToolFunction Function { get; init; }
}
