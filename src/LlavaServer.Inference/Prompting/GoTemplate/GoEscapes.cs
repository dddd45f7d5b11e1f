using System.Globalization;
using System.Text;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>The escapes of html, js, urlquery, json and of quoted texts; what was a request's stays marked as such.</summary>
internal static class GoEscapes
{
    public static JinjaText Html(JinjaText text, JinjaBudget budget) => Each(text, budget, static rune => rune.Value switch
    {
        0 => "\uFFFD",
        '"' => "&#34;",
        '\'' => "&#39;",
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => null,
    });

    public static JinjaText Script(JinjaText text, JinjaBudget budget) => Each(text, budget, static rune => rune.Value switch
    {
        '\\' => @"\\",
        '\'' => @"\'",
        '"' => "\\\"",
        '<' or '>' or '&' or '=' or < ' ' => $"\\u{rune.Value:X4}",
        < 0x80 => null,
        _ => IsPrintable(rune) ? null : $"\\u{rune.Value:X4}",
    });

    public static JinjaText UrlQuery(JinjaText text, JinjaBudget budget) => Each(text, budget, static rune =>
        rune.Value == ' ' ? "+"
        : rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '-' or '_' or '.' or '~') ? null
        : string.Concat(Encoding.UTF8.GetBytes(rune.ToString()).Select(static b => $"%{b:X2}")));

    /// <summary>As Go's encoding/json writes texts, without the quotes.</summary>
    public static JinjaText Json(JinjaText text, JinjaBudget budget) => Each(text, budget, static rune => rune.Value switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\b' => @"\b",
        '\f' => @"\f",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '<' or '>' or '&' or < ' ' or 0x2028 or 0x2029 => $"\\u{rune.Value:x4}",
        _ => null,
    });

    /// <summary>As a Go literal, without the quotes.</summary>
    public static JinjaText Quoted(JinjaText text, JinjaBudget budget) => Each(text, budget, static rune => rune.Value switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\a' => @"\a",
        '\b' => @"\b",
        '\f' => @"\f",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\v' => @"\v",
        < ' ' or 0x7F => $"\\x{rune.Value:x2}",
        _ => IsPrintable(rune) ? null : rune.Value < 0x10000 ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}",
    });

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    // Null of the escape is the character as it is.
    private static JinjaText Each(JinjaText text, JinjaBudget budget, Func<Rune, string?> escape)
    {
        var output = new JinjaTextBuilder(budget);
        for (var run = 0; run < text.Runs.Length; run++)
        {
            var mark = text.Runs[run].Mark;
            var end = text.EndOf(run);
            var from = text.Runs[run].Start;
            for (var at = from; at < end && mark < JinjaText.FirstImage;)
            {
                Rune.DecodeFromUtf16(text.Value.AsSpan(at, end - at), out var rune, out var length);
                if (escape(rune) is { } escaped)
                {
                    output.Append(text, from, at - from).Append(escaped, mark);
                    from = at + length;
                }

                at += length;
            }

            output.Append(text, from, end - from);
        }

        return output.ToText();
    }
}
