using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary>Answer of <c>POST /api/embeddings</c>, the older route. Immutable.</summary>
/// <param name="Embedding">Empty when there was no prompt.</param>
internal sealed record OllamaEmbeddingAnswer([property: JsonPropertyName("embedding")] float[] Embedding);
