namespace LlavaServer.Models.Tokenization;

/// <summary>Looks up the class of a code point in a table of one byte per code point, made once per process. Any thread.</summary>
internal static class UnicodeClasses
{
    private static readonly UnicodeClass[] Table = Build();

    /// <param name="codePoint">0 to 0x10FFFF.</param>
    public static UnicodeClass Of(int codePoint) => Table[codePoint];

    /// <summary>The class at a position, or <see cref="UnicodeClass.None"/> behind the end.</summary>
    public static UnicodeClass At(ReadOnlySpan<int> text, int position) =>
        (uint)position < (uint)text.Length ? Table[text[position]] : UnicodeClass.None;

    private static UnicodeClass[] Build()
    {
        var table = new UnicodeClass[0x110000];
        var ranges = UnicodeRanges.Packed;
        for (var i = 0; i < ranges.Length; i++)
        {
            var end = i + 1 < ranges.Length ? ranges[i + 1] >> 2 : table.Length;
            Array.Fill(table, (UnicodeClass)(ranges[i] & 3), ranges[i] >> 2, end - (ranges[i] >> 2));
        }

        ReadOnlySpan<int> whiteSpace =
        [
            0x9, 0xA, 0xB, 0xC, 0xD, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
            0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
        ];
        foreach (var codePoint in whiteSpace)
        {
            table[codePoint] = UnicodeClass.WhiteSpace;
        }

        return table;
    }
}
