namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The other side of an engine process's channel sent what it must not. The connection cannot be used any more.</summary>
internal sealed class EngineProtocolException(string message) : Exception(message);
