using System.Globalization;
using System.Text.Json;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>JSON in both directions, written as Python's <c>json.dumps</c> with <c>ensure_ascii=False</c>, which Hugging Face's <c>tojson</c> is.</summary>
internal static class JinjaJson
{
    private const int Nesting = 64;

    /// <summary>Values of a JSON document; every text in it has the mark.</summary>
    public static object? Read(JsonElement element, int mark = JinjaText.Input)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new JinjaMap();
                foreach (var property in element.EnumerateObject())
                {
                    map.Set(JinjaText.Of(property.Name, mark), Read(property.Value, mark));
                }

                return map;
            case JsonValueKind.Array:
                return new JinjaList([.. element.EnumerateArray().Select(e => Read(e, mark))]);
            case JsonValueKind.String:
                return JinjaText.Of(element.GetString()!, mark);
            case JsonValueKind.Number:
                return element.TryGetInt64(out var integer) ? (object)integer : element.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            default:
                return null;
        }
    }

    /// <summary>The filter <c>tojson(ensure_ascii, indent, separators, sort_keys)</c>.</summary>
    public static JinjaText Write(object? value, JinjaArguments arguments)
    {
        // Jinja's own filter takes the indent first, the one of Hugging Face as a name.
        var indent = arguments.Get(-1, "indent") is long named ? named : arguments.Positional is [long first, ..] ? first : -1;
        arguments.Budget.CheckLength(Math.Max(0, indent));
        var separators = arguments.Get(-1, "separators") as JinjaList;
        var writer = new Writer(
            new JinjaTextBuilder(arguments.Budget),
            arguments.Budget,
            (int)indent,
            separators?.Items is [JinjaText item, ..] ? item.Value : indent < 0 ? ", " : ",",
            separators?.Items is [_, JinjaText key, ..] ? key.Value : ": ",
            arguments.Flag(-1, "sort_keys"),
            arguments.Flag(-1, "ensure_ascii"));
        writer.Write(value, 0);
        return writer.Output.ToText();
    }

    private sealed record Writer(
        JinjaTextBuilder Output, JinjaBudget Budget, int Indent, string ItemSeparator, string KeySeparator, bool SortsKeys, bool OnlyAscii)
    {
        public void Write(object? value, int depth)
        {
            if (depth > Nesting)
            {
                throw new JinjaFault(JinjaError.Limit, $"values nested more than {Nesting} deep");
            }

            Budget.Steps();
            switch (value)
            {
                case bool flag:
                    Output.Append(flag ? "true" : "false");
                    break;
                case long number:
                    Output.Append(number.ToString(CultureInfo.InvariantCulture));
                    break;
                case double number:
                    Output.Append(JinjaValues.FloatText(number));
                    break;
                case JinjaText text:
                    WriteText(text);
                    break;
                case JinjaList list:
                    WriteAll('[', ']', list.Items.Count, depth, i => Write(list.Items[i], depth + 1));
                    break;
                case JinjaMap map:
                    WriteMap(map, depth);
                    break;
                case null or JinjaUndefined:
                    Output.Append("null");
                    break;
                default:
                    throw JinjaFault.Value($"a {JinjaValues.KindOf(value)} cannot be written as JSON");
            }
        }

        private void WriteMap(JinjaMap map, int depth)
        {
            var entries = map.Entries.ToArray();
            if (SortsKeys)
            {
                entries = [.. entries.OrderBy(e => JinjaValues.ToText(e.Key, Budget).Value, StringComparer.Ordinal)];
            }

            WriteAll('{', '}', entries.Length, depth, i =>
            {
                WriteText(entries[i].Key is null ? JinjaText.Of("null") : JinjaValues.ToText(entries[i].Key, Budget));
                Output.Append(KeySeparator);
                Write(entries[i].Value, depth + 1);
            });
        }

        private void WriteAll(char open, char close, int count, int depth, Action<int> write)
        {
            Output.Append([open]);
            for (var i = 0; i < count; i++)
            {
                Output.Append(i > 0 ? ItemSeparator : "");
                NewLine(depth + 1);
                write(i);
            }

            if (count > 0)
            {
                NewLine(depth);
            }

            Output.Append([close]);
        }

        private void NewLine(int depth)
        {
            if (Indent >= 0)
            {
                Budget.CheckLength((long)Indent * depth);
                Output.Append("\n").Append(new string(' ', Indent * depth));
            }
        }

        private void WriteText(JinjaText text)
        {
            Output.Append("\"");
            for (var run = 0; run < text.Runs.Length; run++)
            {
                var mark = text.Runs[run].Mark;
                var end = text.EndOf(run);
                for (var i = text.Runs[run].Start; i < end;)
                {
                    var plain = i;
                    while (plain < end && Escape(text.Value[plain]) is null)
                    {
                        plain++;
                    }

                    Output.Append(text, i, plain - i);
                    if (plain < end)
                    {
                        Output.Append(Escape(text.Value[plain++]), mark);
                    }

                    i = plain;
                }
            }

            Output.Append("\"");
        }

        private string? Escape(char character) => character switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\b' => "\\b",
            '\f' => "\\f",
            < ' ' => $"\\u{(int)character:x4}",
            > '~' when OnlyAscii => $"\\u{(int)character:x4}",
            _ => null,
        };
    }
}
