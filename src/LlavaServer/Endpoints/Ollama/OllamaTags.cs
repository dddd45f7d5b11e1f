using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Answer of <c>GET /api/tags</c>: the models that this server serves, newest first. Immutable.</summary>
internal sealed record OllamaTags([property: JsonPropertyName("models")] IReadOnlyList<OllamaTag> Models);
