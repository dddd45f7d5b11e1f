using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>Text as UTF-8 would carry it: lone surrogates become U+FFFD.</summary>
internal static class WellFormedText
{
    /// <returns>The text itself when it is well formed, else a corrected copy.</returns>
    public static ReadOnlySpan<char> Of(ReadOnlySpan<char> text)
    {
        var position = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        return position < 0 ? text : Corrected(text);
    }

    private static ReadOnlySpan<char> Corrected(ReadOnlySpan<char> text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            builder.Append(rune);
        }

        return builder.ToString();
    }
}
