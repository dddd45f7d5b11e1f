using System.Globalization;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Values as text, as Go's fmt prints them with <c>%v</c>. Owned by one rendering.</summary>
internal static class GoPrinter
{
    private const int Nesting = 64;

    /// <summary>What an action writes.</summary>
    public static JinjaText Printed(object? value, JinjaBudget budget) =>
        value is null or GoNil ? JinjaText.Of("<no value>") : Text(value, budget);

    /// <summary>A value alone, without the sign of a pointer.</summary>
    public static JinjaText Text(object? value, JinjaBudget budget)
    {
        if (value is JinjaText text)
        {
            return text;
        }

        var output = new JinjaTextBuilder(budget);
        Print(value, output, budget, new GoVerb('v'), 1);
        return output.ToText();
    }

    /// <summary>Values in a row, with a blank between two of which none is a text.</summary>
    public static JinjaText Joined(ReadOnlySpan<object?> values, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        for (var i = 0; i < values.Length; i++)
        {
            output.Append(i > 0 && values[i] is not JinjaText && values[i - 1] is not JinjaText ? " " : "");
            Print(values[i], output, budget, new GoVerb('v'), 0);
        }

        return output.ToText();
    }

    /// <summary>Values with a blank between any two, and a newline.</summary>
    public static JinjaText Line(ReadOnlySpan<object?> values, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        for (var i = 0; i < values.Length; i++)
        {
            output.Append(i > 0 ? " " : "");
            Print(values[i], output, budget, new GoVerb('v'), 0);
        }

        return output.Append("\n").ToText();
    }

    /// <summary>One value with a verb of a format.</summary>
    public static void Print(object? value, JinjaTextBuilder output, JinjaBudget budget, GoVerb verb, int depth)
    {
        if (depth > Nesting)
        {
            throw new JinjaFault(JinjaError.Limit, $"values nested more than {Nesting} deep");
        }

        budget.Steps();
        if (AsText(value, budget) is { } written && verb.Verb is 'v' or 's' or 'q' or 'x' or 'X')
        {
            GoFormat.Scalar(written, output, budget, verb);
            return;
        }

        switch (value)
        {
            case GoList list when verb.Verb != 'T':
                output.Append("[");
                for (var i = 0; i < list.Count; i++)
                {
                    output.Append(i > 0 ? " " : "");
                    Print(list[i], output, budget, verb, depth + 1);
                }

                output.Append("]");
                break;
            case GoMap map when verb.Verb != 'T':
                output.Append("map[");
                for (var i = 0; i < map.Entries.Count; i++)
                {
                    output.Append(i > 0 ? " " : "");
                    Print(map.Entries[i].Key, output, budget, verb, depth + 1);
                    output.Append(":");
                    Print(map.Entries[i].Value, output, budget, verb, depth + 1);
                }

                output.Append("]");
                break;
            case GoStruct structure when verb.Verb != 'T':
                PrintFields(structure, output, budget, verb, depth);
                break;
            case null or GoNil when verb.Verb == 'v':
                output.Append("<nil>");
                break;
            default:
                GoFormat.Scalar(value, output, budget, verb);
                break;
        }
    }

    // What Ollama's values write of themselves; null for others.
    private static JinjaText? AsText(object? value, JinjaBudget budget) => value switch
    {
        GoList { Shape: GoShape.Types } types => types.Count switch
        {
            0 => JinjaText.Empty,
            1 => (JinjaText)types[0]!,
            _ => Text(types with { Shape = GoShape.Plain }, budget),
        },
        GoList { Shape: GoShape.Json } or GoMap { Shape: GoShape.Json } or GoStruct { Shape: GoShape.Json } => GoJson.Write(value, budget),
        _ => null,
    };

    private static void PrintFields(GoStruct structure, JinjaTextBuilder output, JinjaBudget budget, GoVerb verb, int depth)
    {
        if (structure.IsPointer && depth > 1)
        {
            output.Append("0xc000010000");
            return;
        }

        output.Append(structure.IsPointer && depth == 0 ? "&{" : "{");
        for (var i = 0; i < structure.Fields.Length; i++)
        {
            output.Append(i > 0 ? " " : "");
            if (verb.Flags.Contains('+', StringComparison.Ordinal))
            {
                output.Append(structure.Fields[i].Name).Append(":");
            }

            Print(structure.Fields[i].Value, output, budget, verb, depth + 2);
        }

        output.Append("}");
    }

    /// <summary>A whole number in a number system, with its sign.</summary>
    public static string Whole(long value, int radix, bool isUpper)
    {
        var digits = radix switch
        {
            10 => value.ToString(CultureInfo.InvariantCulture).TrimStart('-'),
            16 => value < 0 && value != long.MinValue ? (-value).ToString("x", CultureInfo.InvariantCulture) : value.ToString("x", CultureInfo.InvariantCulture),
            _ => Convert.ToString(value < 0 && value != long.MinValue ? -value : value, radix),
        };
        return (value < 0 ? "-" : "") + (isUpper ? digits.ToUpperInvariant() : digits);
    }
}
