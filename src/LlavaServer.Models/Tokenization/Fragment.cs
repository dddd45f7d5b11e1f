namespace LlavaServer.Models.Tokenization;

/// <summary>A part of a text: either raw characters or one special token that stood there.</summary>
/// <param name="TokenId">The special token, or -1 for raw text.</param>
/// <param name="Start">First UTF-16 code unit in the text.</param>
/// <param name="Length">UTF-16 code units, at least 1.</param>
internal readonly record struct Fragment(int TokenId, int Start, int Length);
