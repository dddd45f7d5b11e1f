namespace LlavaServer.Inference.Prompting;

/// <summary>What a <see cref="PromptPiece"/> is.</summary>
internal enum PromptPieceKind
{
    Text,

    /// <summary>Text in which control tokens may be spelt.</summary>
    Spelled,
    Control,
    EndOfSequence,
    Image,
    Tokens,
}
