namespace LlavaServer.Inference.Grammars;

/// <summary>A grammar or schema that cannot be compiled: the message says what is wrong and where. Becomes the caller's error.</summary>
internal sealed class GrammarException(string message) : Exception(message);
