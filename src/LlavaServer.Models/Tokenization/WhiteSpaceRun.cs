namespace LlavaServer.Models.Tokenization;

/// <summary>The ends of white space in the pre-tokenizer patterns. Each looks at a run at most twice, so white space takes linear time.</summary>
internal static class WhiteSpaceRun
{
    /// <summary><c>\s+(?!\S)|\s+</c>: before a word the last white space is left to the word.</summary>
    /// <returns>Where the match ends; <paramref name="start"/> when there is no white space.</returns>
    public static int End(ReadOnlySpan<int> text, int start)
    {
        var end = start;
        while (UnicodeClasses.At(text, end) == UnicodeClass.WhiteSpace)
        {
            end++;
        }

        return end - start > 1 && end < text.Length ? end - 1 : end;
    }

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c>: up to the last line break if there is one.</summary>
    /// <returns>Where the match ends; <paramref name="start"/> when there is no white space.</returns>
    public static int LineEnd(ReadOnlySpan<int> text, int start)
    {
        var afterBreak = -1;
        for (var i = start; UnicodeClasses.At(text, i) == UnicodeClass.WhiteSpace; i++)
        {
            if (text[i] is '\r' or '\n')
            {
                afterBreak = i + 1;
            }
        }

        return afterBreak >= 0 ? afterBreak : End(text, start);
    }
}
