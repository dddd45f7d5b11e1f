namespace LlavaServer.Inference.Grammars;

/// <summary>A grammar or schema that cannot be compiled: the message says what is wrong and where. Becomes the caller's error.</summary>
internal sealed class GrammarException(string message) : Exception(message)
{
    /// <summary>The schema is well, but says what a grammar cannot hold.</summary>
    public bool CannotBeHeld { get; init; }
}
