namespace LlavaServer.Models.Tokenization;

/// <summary>What a token is. More than one can hold: a token whose text is known to end a turn is also control, whatever its file says.</summary>
[Flags]
internal enum TokenAttributes : byte
{
    None = 0,
    Normal = 1,
    Unknown = 2,
    Control = 4,
    UserDefined = 8,
    Byte = 16,
    Unused = 32,

    /// <summary>White space that follows the token in a text belongs to the token.</summary>
    StripRight = 64,
}
