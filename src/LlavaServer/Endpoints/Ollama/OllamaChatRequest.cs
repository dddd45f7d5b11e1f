using System.Text.Json;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Body of <c>POST /api/chat</c>. Immutable.</summary>
internal sealed record OllamaChatRequest : OllamaRequest
{
    /// <summary>The conversation; empty only loads the model.</summary>
    public IReadOnlyList<OllamaMessage> Messages { get; init; } = [];

    /// <summary>Tools that the model may call, in the form of the request.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];
}
