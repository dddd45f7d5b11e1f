using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One object of an answer of <c>POST /api/chat</c>. Immutable.</summary>
internal sealed record OllamaChatAnswer : OllamaAnswer
{
    [JsonPropertyName("message")]
    [JsonPropertyOrder(-1)]
    public required OllamaMessage Message { get; init; }
}
