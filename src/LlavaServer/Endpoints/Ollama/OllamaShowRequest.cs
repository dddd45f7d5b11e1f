using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Body of <c>POST /api/show</c>, for the description of the API. Immutable.</summary>
internal sealed record OllamaShowRequest
{
    [JsonPropertyName("model")]
    public required string Model { get; init; }

    /// <summary>Long arrays, such as the vocabulary, are given too.</summary>
    [JsonPropertyName("verbose")]
    public bool Verbose { get; init; }
}
