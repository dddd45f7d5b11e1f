using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>What a call of a tool calls. Immutable.</summary>
internal sealed record OllamaToolFunction
{
    /// <summary>Number of the call in its message.</summary>
    [JsonPropertyName("index")]
    public int Index { get; init; }

    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>An object; not text as in OpenAI's dialect.</summary>
    [JsonPropertyName("arguments")]
    public required JsonElement Arguments { get; init; }
}
