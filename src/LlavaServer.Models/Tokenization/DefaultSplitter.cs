namespace LlavaServer.Models.Tokenization;

/// <summary>
/// What llama.cpp does when a file names no pre-tokenizer: runs of punctuation apart (<c>[\p{P}\$\+&lt;=&gt;\^~\|]+</c>), the rest by GPT-2's,
/// then runs of digits apart (<c>\p{N}+</c>), and of these groups of three ASCII digits.
/// </summary>
internal static class DefaultSplitter
{
    public static void Split(ReadOnlySpan<int> text, int offset, List<int> ends)
    {
        var words = new List<int>();
        for (var start = 0; start < text.Length;)
        {
            var isPunctuation = IsPunctuation(text[start]);
            var end = start + 1;
            while (end < text.Length && IsPunctuation(text[end]) == isPunctuation)
            {
                end++;
            }

            Gpt2Splitter.Split(text[start..end], start, words);
            start = end;
        }

        var wordStart = 0;
        foreach (var wordEnd in words)
        {
            SplitNumbers(text[wordStart..wordEnd], offset + wordStart, ends);
            wordStart = wordEnd;
        }
    }

    private static void SplitNumbers(ReadOnlySpan<int> word, int offset, List<int> ends)
    {
        for (var start = 0; start < word.Length;)
        {
            var isNumber = UnicodeClasses.Of(word[start]) == UnicodeClass.Number;
            var end = start + 1;
            while (end < word.Length && (UnicodeClasses.Of(word[end]) == UnicodeClass.Number) == isNumber)
            {
                end++;
            }

            if (isNumber)
            {
                SplitThrees(word[start..end], offset + start, ends);
            }
            else
            {
                ends.Add(offset + end);
            }

            start = end;
        }
    }

    private static void SplitThrees(ReadOnlySpan<int> number, int offset, List<int> ends)
    {
        var digits = 0;
        for (var i = 0; i < number.Length; i++)
        {
            digits = number[i] is >= '0' and <= '9' ? digits + 1 : 0;
            if (digits == 3)
            {
                AddEnd(ends, offset, i - 2);
                AddEnd(ends, offset, i + 1);
                digits = 0;
            }
        }

        AddEnd(ends, offset, number.Length);
    }

    /// <summary>A word that is empty is none.</summary>
    private static void AddEnd(List<int> ends, int offset, int end)
    {
        if (end > 0 && (ends.Count == 0 || ends[^1] != offset + end))
        {
            ends.Add(offset + end);
        }
    }

    private static bool IsPunctuation(int codePoint) =>
        UnicodeClasses.Of(codePoint) == UnicodeClass.Punctuation || codePoint is '$' or '+' or '<' or '=' or '>' or '^' or '~' or '|';
}
