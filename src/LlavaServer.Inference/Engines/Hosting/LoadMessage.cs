namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The parameters of <see cref="IInferenceEngineFactory.Load"/>, on their way to the engine process.</summary>
internal sealed record LoadMessage(ModelFiles Files, EngineLoadOptions Options);
