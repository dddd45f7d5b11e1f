using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Answer of <c>GET /api/ps</c>: the models in memory, the one that stays longest first. Immutable.</summary>
internal sealed record OllamaRunningModels([property: JsonPropertyName("models")] IReadOnlyList<OllamaRunningModel> Models);
