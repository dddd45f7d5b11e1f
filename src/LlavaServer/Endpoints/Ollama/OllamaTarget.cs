using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>The model that a request names. Immutable.</summary>
internal sealed record OllamaTarget(OllamaModelName Name, ModelEntry Model);
