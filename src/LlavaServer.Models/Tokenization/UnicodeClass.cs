namespace LlavaServer.Models.Tokenization;

/// <summary>The classes of characters that pre-tokenizers tell apart.</summary>
internal enum UnicodeClass : byte
{
    Other = 0,

    /// <summary><c>\p{L}</c></summary>
    Letter = 1,

    /// <summary><c>\p{N}</c></summary>
    Number = 2,

    /// <summary><c>\p{P}</c></summary>
    Punctuation = 3,

    /// <summary><c>\s</c>: White_Space of the Unicode Character Database.</summary>
    WhiteSpace = 4,

    /// <summary>No character: past the end of the text.</summary>
    None = 5,
}
