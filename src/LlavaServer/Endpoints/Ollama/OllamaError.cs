using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Body of a refusal, or the last line of a stream that failed. Immutable.</summary>
internal sealed record OllamaError([property: JsonPropertyName("error")] string Error);
