namespace LlavaServer.Training.Tokenization;

/// <summary>One vocabulary entry; the type numbers are SentencePiece's.</summary>
public sealed record SpmPiece(string Text, float Score, int Type);
