namespace LlavaServer.Models.Tokenization;

/// <summary>English contractions: <c>'s|'t|'re|'ve|'m|'ll|'d</c>.</summary>
internal static class Contraction
{
    /// <summary>Length of the contraction that begins at <paramref name="start"/>, or 0.</summary>
    public static int Length(ReadOnlySpan<int> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length)
        {
            return 0;
        }

        var first = Letter(text, start + 1, ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        var second = Letter(text, start + 2, ignoreCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static int Letter(ReadOnlySpan<int> text, int position, bool ignoreCase)
    {
        var letter = position < text.Length ? text[position] : 0;
        return ignoreCase && letter is >= 'A' and <= 'Z' ? letter + ('a' - 'A') : letter;
    }
}
