using System.Globalization;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// What holds for all values of a rendering: none (null), bool, long, double, <see cref="JinjaText"/>, <see cref="JinjaList"/>, <see cref="JinjaMap"/>,
/// <see cref="JinjaFunction"/>, <see cref="JinjaLoop"/> and <see cref="JinjaUndefined"/>. Nothing else of the process can be reached from a template.
/// </summary>
internal static class JinjaValues
{
    private const int NestedValues = 64;

    public static string KindOf(object? value) => value switch
    {
        null => "none",
        bool => "boolean",
        long => "integer",
        double => "float",
        JinjaText => "string",
        JinjaList { IsTuple: true } => "tuple",
        JinjaList => "list",
        JinjaMap => "mapping",
        JinjaUndefined => "undefined",
        _ => "function",
    };

    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        JinjaText text => text.Length > 0,
        JinjaList list => list.Items.Count > 0,
        JinjaMap map => map.Count > 0 || map.IsNamespace,
        _ => true,
    };

    /// <summary>The items that a loop goes over: of a list, the keys of a mapping, the characters of a string.</summary>
    public static List<object?> Items(object? value, JinjaBudget budget)
    {
        switch (value)
        {
            case JinjaList list:
                budget.Steps(list.Items.Count);
                return [.. list.Items];
            case JinjaMap map:
                budget.Steps(map.Count);
                return [.. map.Entries.Select(e => e.Key)];
            case JinjaUndefined:
                return [];
            case JinjaText text:
                budget.Steps(text.Length);
                var characters = new List<object?>(text.Length);
                for (var i = 0; i < text.Length; i++)
                {
                    var length = i + 1 < text.Length && char.IsSurrogatePair(text.Value[i], text.Value[i + 1]) ? 2 : 1;
                    characters.Add(text.Slice(i, length));
                    i += length - 1;
                }

                return characters;
            default:
                throw JinjaFault.Value($"a {KindOf(value)} cannot be iterated over");
        }
    }

    public static bool AreEqual(object? left, object? right, JinjaBudget budget, int depth = 0)
    {
        if (depth > NestedValues)
        {
            throw new JinjaFault(JinjaError.Limit, $"values nested more than {NestedValues} deep");
        }

        budget.Steps();
        switch (left, right)
        {
            case (JinjaText a, JinjaText b):
                budget.Text(Math.Min(a.Length, b.Length));
                return a.Value == b.Value;
            case (JinjaList a, JinjaList b):
                return a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count
                    && a.Items.Zip(b.Items).All(p => AreEqual(p.First, p.Second, budget, depth + 1));
            case (JinjaMap a, JinjaMap b):
                return a.Count == b.Count && a.Entries.All(e => b.TryGet(e.Key, out var other) && AreEqual(e.Value, other, budget, depth + 1));
            case (long or bool, long or bool):
                return Integer(left) == Integer(right);
            case (long or bool or double, long or bool or double):
                return Number(left) == Number(right);
            default:
                return ReferenceEquals(left, right);
        }
    }

    /// <summary>Less than zero, zero or more, as left stands to right.</summary>
    public static int Compare(object? left, object? right, JinjaBudget budget, int depth = 0)
    {
        if (depth > NestedValues)
        {
            throw new JinjaFault(JinjaError.Limit, $"values nested more than {NestedValues} deep");
        }

        budget.Steps();
        switch (left, right)
        {
            case (JinjaText a, JinjaText b):
                budget.Text(Math.Min(a.Length, b.Length));
                return string.CompareOrdinal(a.Value, b.Value);
            case (long or bool, long or bool):
                return Integer(left).CompareTo(Integer(right));
            case (long or bool or double, long or bool or double):
                return Number(left).CompareTo(Number(right));
            case (JinjaList a, JinjaList b):
                for (var i = 0; i < Math.Min(a.Items.Count, b.Items.Count); i++)
                {
                    if (Compare(a.Items[i], b.Items[i], budget, depth + 1) is var order && order != 0)
                    {
                        return order;
                    }
                }

                return a.Items.Count.CompareTo(b.Items.Count);
            default:
                throw JinjaFault.Value($"a {KindOf(left)} and a {KindOf(right)} cannot be compared");
        }
    }

    public static bool Contains(object? container, object? item, JinjaBudget budget)
    {
        switch (container)
        {
            case JinjaUndefined or null:
                return false;
            case JinjaText text:
                budget.Text(text.Length);
                return item is JinjaText part
                    ? text.Value.Contains(part.Value, StringComparison.Ordinal)
                    : throw JinjaFault.Value($"a {KindOf(item)} cannot be in a string");
            case JinjaList list:
                return list.Items.Exists(i => AreEqual(i, item, budget));
            case JinjaMap map:
                budget.Text((item as JinjaText)?.Length ?? 0);
                return map.TryGet(item, out _);
            default:
                throw JinjaFault.Value($"nothing can be in a {KindOf(container)}");
        }
    }

    public static double Number(object? value) => value switch
    {
        long number => number,
        double number => number,
        bool flag => flag ? 1 : 0,
        _ => throw JinjaFault.Value($"a {KindOf(value)} is not a number"),
    };

    public static long Integer(object? value) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw JinjaFault.Value($"a {KindOf(value)} is not an integer"),
    };

    /// <summary>The value as text, as Python's <c>str</c>; none and undefined are empty, which templates rely on in llama.cpp.</summary>
    public static JinjaText ToText(object? value, JinjaBudget budget)
    {
        switch (value)
        {
            case JinjaText text:
                return text;
            case null or JinjaUndefined:
                return JinjaText.Empty;
            default:
                var builder = new JinjaTextBuilder(budget);
                Write(value, builder, budget, 0);
                return builder.ToText();
        }
    }

    public static string FloatText(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        if (value == Math.Floor(value) && Math.Abs(value) < 1e16)
        {
            return value.ToString("F1", CultureInfo.InvariantCulture);
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);
        return text;
    }

    // As Python's repr.
    private static void Write(object? value, JinjaTextBuilder output, JinjaBudget budget, int depth)
    {
        if (depth > NestedValues)
        {
            throw new JinjaFault(JinjaError.Limit, $"values nested more than {NestedValues} deep");
        }

        switch (value)
        {
            case null:
                output.Append("None");
                break;
            case bool flag:
                output.Append(flag ? "True" : "False");
                break;
            case long number:
                output.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                output.Append(FloatText(number));
                break;
            case JinjaText text:
                WriteQuoted(text, output);
                break;
            case JinjaList list:
                output.Append(list.IsTuple ? "(" : "[");
                for (var i = 0; i < list.Items.Count; i++)
                {
                    output.Append(i > 0 ? ", " : "");
                    Write(list.Items[i], output, budget, depth + 1);
                }

                output.Append(list.IsTuple ? (list.Items.Count == 1 ? ",)" : ")") : "]");
                break;
            case JinjaMap map:
                var isFirst = true;
                output.Append("{");
                foreach (var (key, item) in map.Entries)
                {
                    output.Append(isFirst ? "" : ", ");
                    isFirst = false;
                    Write(key, output, budget, depth + 1);
                    output.Append(": ");
                    Write(item, output, budget, depth + 1);
                }

                output.Append("}");
                break;
            default:
                output.Append(value is JinjaUndefined ? "Undefined" : "<function>");
                break;
        }
    }

    private static void WriteQuoted(JinjaText text, JinjaTextBuilder output)
    {
        var quote = text.Value.Contains('\'') && !text.Value.Contains('"') ? '"' : '\'';
        output.Append([quote]);
        for (var run = 0; run < text.Runs.Length; run++)
        {
            for (var i = text.Runs[run].Start; i < text.EndOf(run); i++)
            {
                var character = text.Value[i];
                var escaped = character switch
                {
                    '\\' => "\\\\",
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    _ when character == quote => $"\\{quote}",
                    < ' ' or '\x7f' => $"\\x{(int)character:x2}",
                    _ => null,
                };
                output.Append(escaped ?? character.ToString(), text.Runs[run].Mark);
            }
        }

        output.Append([quote]);
    }
}
