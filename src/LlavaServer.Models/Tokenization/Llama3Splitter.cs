namespace LlavaServer.Models.Tokenization;

/// <summary>
/// The pattern of Llama 3 and, with single digits, of Qwen 2: <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
///  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// </summary>
internal static class Llama3Splitter
{
    private const int Llama3Digits = 3;
    private const int Qwen2Digits = 1;

    public static void SplitLlama3(ReadOnlySpan<int> text, int offset, List<int> ends) => Split(text, offset, ends, Llama3Digits);

    public static void SplitQwen2(ReadOnlySpan<int> text, int offset, List<int> ends) => Split(text, offset, ends, Qwen2Digits);

    private static void Split(ReadOnlySpan<int> text, int offset, List<int> ends, int digits)
    {
        for (var position = 0; position < text.Length;)
        {
            position = NextEnd(text, position, digits);
            ends.Add(offset + position);
        }
    }

    private static int NextEnd(ReadOnlySpan<int> text, int start, int digits)
    {
        var contraction = Contraction.Length(text, start, ignoreCase: true);
        if (contraction > 0)
        {
            return start + contraction;
        }

        var kind = UnicodeClasses.Of(text[start]);
        var isLineBreak = text[start] is '\r' or '\n';
        if (kind == UnicodeClass.Letter || (!isLineBreak && kind != UnicodeClass.Number && UnicodeClasses.At(text, start + 1) == UnicodeClass.Letter))
        {
            return RunEnd(text, start + 1, UnicodeClass.Letter, int.MaxValue);
        }

        if (kind == UnicodeClass.Number)
        {
            return RunEnd(text, start, UnicodeClass.Number, digits);
        }

        var begin = text[start] == ' ' ? start + 1 : start;
        return IsSymbol(text, begin) ? SymbolsEnd(text, begin) : WhiteSpaceRun.LineEnd(text, start);
    }

    private static int RunEnd(ReadOnlySpan<int> text, int start, UnicodeClass kind, int limit)
    {
        var end = start;
        while (end - start < limit && UnicodeClasses.At(text, end) == kind)
        {
            end++;
        }

        return end;
    }

    private static int SymbolsEnd(ReadOnlySpan<int> text, int start)
    {
        var end = start;
        while (IsSymbol(text, end))
        {
            end++;
        }

        while (end < text.Length && text[end] is '\r' or '\n')
        {
            end++;
        }

        return end;
    }

    private static bool IsSymbol(ReadOnlySpan<int> text, int position) =>
        UnicodeClasses.At(text, position) is UnicodeClass.Other or UnicodeClass.Punctuation;
}
