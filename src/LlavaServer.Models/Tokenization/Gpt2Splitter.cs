namespace LlavaServer.Models.Tokenization;

/// <summary>
/// GPT-2's pattern: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// </summary>
internal static class Gpt2Splitter
{
    public static void Split(ReadOnlySpan<int> text, int offset, List<int> ends)
    {
        for (var position = 0; position < text.Length;)
        {
            position = NextEnd(text, position);
            ends.Add(offset + position);
        }
    }

    private static int NextEnd(ReadOnlySpan<int> text, int start)
    {
        var contraction = Contraction.Length(text, start, ignoreCase: false);
        if (contraction > 0)
        {
            return start + contraction;
        }

        var begin = text[start] == ' ' ? start + 1 : start;
        var kind = Kind(text, begin);
        if (kind is UnicodeClass.WhiteSpace or UnicodeClass.None)
        {
            return WhiteSpaceRun.End(text, start);
        }

        var end = begin + 1;
        while (Kind(text, end) == kind)
        {
            end++;
        }

        return end;
    }

    private static UnicodeClass Kind(ReadOnlySpan<int> text, int position)
    {
        var kind = UnicodeClasses.At(text, position);
        return kind == UnicodeClass.Punctuation ? UnicodeClass.Other : kind;
    }
}
