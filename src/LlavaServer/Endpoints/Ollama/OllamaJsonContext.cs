using System.Text.Json.Serialization;
using LlavaServer.Endpoints.Ollama.Embedding;
using LlavaServer.Endpoints.Ollama.Store;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Serializers of the Ollama dialect's answers, generated at build.</summary>
[JsonSerializable(typeof(OllamaChatAnswer))]
[JsonSerializable(typeof(OllamaGenerateAnswer))]
[JsonSerializable(typeof(OllamaEmbedAnswer))]
[JsonSerializable(typeof(OllamaEmbeddingAnswer))]
[JsonSerializable(typeof(OllamaError))]
[JsonSerializable(typeof(OllamaTags))]
[JsonSerializable(typeof(OllamaRunningModels))]
[JsonSerializable(typeof(OllamaVersion))]
[JsonSerializable(typeof(OllamaCloudStatus))]
[JsonSerializable(typeof(OllamaModelInformation))]
[JsonSerializable(typeof(OllamaProgress))]
internal sealed partial class OllamaJsonContext : JsonSerializerContext;
