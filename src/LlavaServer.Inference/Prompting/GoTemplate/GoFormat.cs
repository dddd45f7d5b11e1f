using System.Globalization;
using System.Text;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Formats as Go's fmt.Printf reads them; mistakes are written into the text as it does. Argument indexes are not spoken here.</summary>
internal static class GoFormat
{
    private const int MaxWidth = 1_000_000;

    public static JinjaText Format(JinjaText format, ReadOnlySpan<object?> values, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        var used = 0;
        for (var i = 0; i < format.Length;)
        {
            var next = format.Value.IndexOf('%', i);
            next = next < 0 ? format.Length : next;
            output.Append(format, i, next - i);
            i = next + 1;
            if (next == format.Length)
            {
                break;
            }

            budget.Steps();
            var verb = Read(format.Value, ref i, values, ref used, output);
            if (verb.Verb == '\0')
            {
                output.Append("%!(NOVERB)");
            }
            else if (verb.Verb == '%')
            {
                output.Append("%");
            }
            else if (used >= values.Length)
            {
                output.Append($"%!{verb.Verb}(MISSING)");
                used++;
            }
            else
            {
                GoPrinter.Print(values[used++], output, budget, verb, 0);
            }
        }

        for (var i = used; i < values.Length; i++)
        {
            output.Append(i == used ? "%!(EXTRA " : ", ");
            Typed(values[i], output, budget);
            output.Append(i == values.Length - 1 ? ")" : "");
        }

        return output.ToText();
    }

    /// <summary>A value that is not composed of others, or one that a verb does not take.</summary>
    public static void Scalar(object? value, JinjaTextBuilder output, JinjaBudget budget, GoVerb verb)
    {
        var text = (value, verb.Verb) switch
        {
            (null or GoNil, 'T') => JinjaText.Of("<nil>"),
            (_, 'T') => JinjaText.Of(GoValues.TypeOf(value)),
            (JinjaText written, 'v' or 's') => Cut(written, verb.Precision),
            (JinjaText written, 'q') => Quoted(Cut(written, verb.Precision), budget),
            (JinjaText written, 'x' or 'X') => JinjaText.Of(Hex(written.Value, verb), JinjaText.Input),
            (bool flag, 'v' or 't') => JinjaText.Of(flag ? "true" : "false"),
            (long or byte, _) when Whole(Convert.ToInt64(value, CultureInfo.InvariantCulture), verb) is { } digits => JinjaText.Of(digits),
            (double number, _) when Number(number, verb) is { } digits => JinjaText.Of(digits),
            _ => null,
        };
        if (text is null)
        {
            output.Append($"%!{verb.Verb}(");
            Typed(value, output, budget);
            output.Append(")");
            return;
        }

        var missing = Math.Max(0, verb.Width - text.Count);
        budget.CheckLength(missing);
        if (verb.Flags.Contains('-', StringComparison.Ordinal))
        {
            output.Append(text).Append(new string(' ', missing));
            return;
        }

        var zeros = verb.Flags.Contains('0', StringComparison.Ordinal) && (value is not (long or byte) || verb.Precision < 0);
        var sign = zeros && missing > 0 && value is long or double && text.Length > 0 && text.Value[0] is '-' or '+' ? 1 : 0;
        output.Append(text, 0, sign).Append(new string(zeros ? '0' : ' ', missing)).Append(text, sign, text.Length - sign);
    }

    private static void Typed(object? value, JinjaTextBuilder output, JinjaBudget budget)
    {
        if (value is null or GoNil)
        {
            output.Append("<nil>");
            return;
        }

        output.Append(GoValues.TypeOf(value)).Append("=");
        GoPrinter.Print(value, output, budget, new GoVerb('v'), 0);
    }

    private static GoVerb Read(string format, ref int i, ReadOnlySpan<object?> values, ref int used, JinjaTextBuilder output)
    {
        var start = i;
        while (i < format.Length && format[i] is '+' or '-' or '#' or ' ' or '0')
        {
            i++;
        }

        var flags = format[start..i];
        var width = Size(format, ref i, values, ref used, output, "%!(BADWIDTH)");
        if (width < -1)
        {
            (width, flags) = (-width, flags + "-");
        }

        var precision = -1;
        if (i < format.Length && format[i] == '.')
        {
            i++;
            precision = Math.Max(0, Size(format, ref i, values, ref used, output, "%!(BADPREC)"));
        }

        return new GoVerb(i < format.Length ? format[i++] : '\0', flags, width, precision);
    }

    private static int Size(string format, ref int i, ReadOnlySpan<object?> values, ref int used, JinjaTextBuilder output, string wrong)
    {
        if (i < format.Length && format[i] == '*')
        {
            i++;
            if (used < values.Length && values[used++] is long size and >= -MaxWidth and <= MaxWidth)
            {
                return (int)size;
            }

            output.Append(wrong);
            return -1;
        }

        var start = i;
        while (i < format.Length && char.IsAsciiDigit(format[i]))
        {
            i++;
        }

        return i == start ? -1 : int.TryParse(format.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= MaxWidth
            ? value
            : throw JinjaFault.Value("a width of the format is too large");
    }

    private static JinjaText Cut(JinjaText text, int precision)
    {
        if (precision < 0 || text.Count <= precision)
        {
            return text;
        }

        var end = 0;
        for (var count = 0; count < precision; count++)
        {
            end += char.IsHighSurrogate(text.Value[end]) && end + 1 < text.Length ? 2 : 1;
        }

        return text.Slice(0, end);
    }

    private static JinjaText Quoted(JinjaText text, JinjaBudget budget) =>
        new JinjaTextBuilder(budget).Append("\"").Append(GoEscapes.Quoted(text, budget)).Append("\"").ToText();

    private static string Hex(string text, GoVerb verb)
    {
        var hex = Convert.ToHexString(Encoding.UTF8.GetBytes(text));
        return verb.Verb == 'X' ? hex : hex.ToLowerInvariant();
    }

    private static string? Whole(long value, GoVerb verb)
    {
        switch (verb.Verb)
        {
            case 'c':
                return Rune.IsValid((int)Math.Clamp(value, -1, int.MaxValue)) ? new Rune((int)value).ToString() : "\uFFFD";
            case 'q':
                var rune = Rune.IsValid((int)Math.Clamp(value, -1, int.MaxValue)) ? new Rune((int)value) : Rune.ReplacementChar;
                return rune.Value is '\'' or '\\' ? $"'\\{rune}'" : $"'{rune}'";
            case 'U':
                return $"U+{value:X4}";
        }

        int? radix = verb.Verb switch
        {
            'v' or 'd' => 10,
            'b' => 2,
            'o' or 'O' => 8,
            'x' or 'X' => 16,
            _ => null,
        };
        if (radix is null)
        {
            return null;
        }

        var text = GoPrinter.Whole(value, radix.Value, verb.Verb == 'X');
        var digits = text.TrimStart('-').PadLeft(Math.Max(0, verb.Precision), '0');
        var prefix = verb.Verb == 'O' ? "0o" : !verb.Flags.Contains('#', StringComparison.Ordinal) ? "" : verb.Verb switch
        {
            'x' => "0x",
            'X' => "0X",
            'o' => "0",
            'b' => "0b",
            _ => "",
        };
        return Sign(value < 0, verb) + prefix + digits;
    }

    private static string? Number(double value, GoVerb verb)
    {
        if (verb.Verb is not ('v' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G'))
        {
            return null;
        }

        var kind = verb.Verb == 'v' ? 'g' : verb.Verb;
        var text = kind is 'g' or 'G' && verb.Precision < 0
            ? GoNumbers.Shortest(value, kind == 'G' ? 'E' : 'e')
            : GoNumbers.Format(value, kind, verb.Precision < 0 ? 6 : verb.Precision);
        return Sign(text.StartsWith('-'), verb) + text.TrimStart('-', '+');
    }

    private static string Sign(bool isNegative, GoVerb verb) =>
        isNegative ? "-" : verb.Flags.Contains('+', StringComparison.Ordinal) ? "+" : verb.Flags.Contains(' ', StringComparison.Ordinal) ? " " : "";
}
