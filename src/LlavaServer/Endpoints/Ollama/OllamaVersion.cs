using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Answer of <c>GET /api/version</c>. Immutable.</summary>
internal sealed record OllamaVersion([property: JsonPropertyName("version")] string Version);
