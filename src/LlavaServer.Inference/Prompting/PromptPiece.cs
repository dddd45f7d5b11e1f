namespace LlavaServer.Inference.Prompting;

/// <summary>
/// One piece of a <see cref="PromptText"/>: <see cref="Text"/> for text and control tokens, <see cref="ImageIndex"/> for a picture,
/// <see cref="TokenIds"/> for tokens.
/// </summary>
internal readonly record struct PromptPiece(PromptPieceKind Kind, string Text, int ImageIndex, IReadOnlyList<int>? TokenIds = null);
