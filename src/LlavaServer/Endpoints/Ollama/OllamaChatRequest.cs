using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Body of <c>POST /api/chat</c>. Immutable.</summary>
internal sealed record OllamaChatRequest : OllamaRequest
{
    /// <summary>The conversation; empty only loads the model.</summary>
    [JsonPropertyName("messages")]
    public IReadOnlyList<OllamaMessage> Messages { get; init; } = [];
}
