using System.Globalization;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Python's two ways to format a string, as far as templates use them.</summary>
internal static class JinjaFormat
{
    /// <summary><c>"%s: %d" % values</c> with the conversions s, d, i, f, r and %, without widths except <c>%.2f</c>.</summary>
    public static JinjaText Percent(JinjaText format, object? values, JinjaBudget budget)
    {
        var items = values is JinjaList { IsTuple: true } tuple ? tuple.Items : [values];
        var output = new JinjaTextBuilder(budget);
        var used = 0;
        for (var i = 0; i < format.Length;)
        {
            var next = format.Value.IndexOf('%', i);
            if (next < 0 || next + 1 >= format.Length)
            {
                output.Append(format, i, format.Length - i);
                break;
            }

            output.Append(format, i, next - i);
            i = next + 1;
            var decimals = 6;
            if (format.Value[i] == '.' && i + 2 < format.Length && char.IsAsciiDigit(format.Value[i + 1]))
            {
                decimals = format.Value[i + 1] - '0';
                i += 2;
            }

            var conversion = format.Value[i++];
            if (conversion == '%')
            {
                output.Append("%");
                continue;
            }

            var value = used < items.Count ? items[used++] : throw JinjaFault.Value("too few values for the format");
            output.Append(conversion switch
            {
                's' => JinjaValues.ToText(value, budget),
                'd' or 'i' => JinjaText.Of(((long)JinjaValues.Number(value)).ToString(CultureInfo.InvariantCulture)),
                'f' => JinjaText.Of(JinjaValues.Number(value).ToString($"F{decimals}", CultureInfo.InvariantCulture)),
                'r' => JinjaValues.ToText(new JinjaList([value]), budget) is var list ? list.Slice(1, list.Length - 2) : JinjaText.Empty,
                _ => throw JinjaFault.Value($"the conversion '%{conversion}' is not supported"),
            });
        }

        return output.ToText();
    }

    /// <summary><c>"{} {0} {name}".format(...)</c> without format specifications.</summary>
    public static JinjaText Braces(JinjaText format, JinjaArguments arguments)
    {
        var output = new JinjaTextBuilder(arguments.Budget);
        var used = 0;
        for (var i = 0; i < format.Length; i++)
        {
            var character = format.Value[i];
            if (character is not ('{' or '}'))
            {
                var end = format.Value.AsSpan(i).IndexOfAny('{', '}');
                end = end < 0 ? format.Length : i + end;
                output.Append(format, i, end - i);
                i = end - 1;
                continue;
            }

            if (i + 1 < format.Length && format.Value[i + 1] == character)
            {
                output.Append(format, i++, 1);
                continue;
            }

            var close = format.Value.IndexOf('}', i);
            if (character == '}' || close < 0)
            {
                throw JinjaFault.Value("a brace of the format is alone");
            }

            var field = format.Value[(i + 1)..close];
            var value = field.Length == 0 ? arguments.Require(used++, "")
                : int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? arguments.Require(place, "")
                : field.All(c => char.IsLetterOrDigit(c) || c == '_') ? arguments.Require(-1, field)
                : throw JinjaFault.Value("format specifications are not supported");
            output.Append(JinjaValues.ToText(value, arguments.Budget));
            i = close;
        }

        return output.ToText();
    }
}
