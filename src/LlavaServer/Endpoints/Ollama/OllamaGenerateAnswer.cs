using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One object of an answer of <c>POST /api/generate</c>. Immutable.</summary>
internal sealed record OllamaGenerateAnswer : OllamaAnswer
{
    /// <summary>New text, or the whole text of an answer that is not streamed.</summary>
    [JsonPropertyName("response")]
    [JsonPropertyOrder(-1)]
    public required string Response { get; init; }

    /// <summary>What the model thought before it answered.</summary>
    [JsonPropertyName("thinking")]
    [JsonPropertyOrder(-1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Thinking { get; init; }

    /// <summary>Tokens of prompt and answer, without pictures; only in the last object, and not for a raw prompt.</summary>
    [JsonPropertyName("context")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Context { get; init; }
}
