namespace LlavaServer.Models.Tokenization;

/// <summary>A control token that is spelt out in a text.</summary>
/// <param name="TokenId">Which one.</param>
/// <param name="Start">First UTF-16 code unit in the text.</param>
/// <param name="Length">UTF-16 code units, with the white space behind it that the token takes in.</param>
public readonly record struct SpelledToken(int TokenId, int Start, int Length);
