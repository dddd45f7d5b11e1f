using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>The model that a request names. Immutable.</summary>
internal sealed record OllamaTarget(ModelName Name, ModelEntry Model);
