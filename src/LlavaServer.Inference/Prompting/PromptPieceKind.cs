namespace LlavaServer.Inference.Prompting;

/// <summary>What a <see cref="PromptPiece"/> is.</summary>
internal enum PromptPieceKind
{
    Text,
    Control,
    EndOfSequence,
    Image,
    Tokens,
}
