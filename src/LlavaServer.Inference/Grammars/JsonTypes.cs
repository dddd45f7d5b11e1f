namespace LlavaServer.Inference.Grammars;

/// <summary>Types of JSON values, those with a fraction apart from whole numbers.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Object = 4,
    Array = 8,
    String = 16,
    Integer = 32,
    Fraction = 64,
    Number = Integer | Fraction,
    All = 127,
}
