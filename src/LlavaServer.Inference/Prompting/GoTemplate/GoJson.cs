using System.Globalization;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Compact JSON as Go's encoding/json writes it: maps in the order of their keys, &lt;, &gt; and &amp; escaped.</summary>
internal static class GoJson
{
    private const int Nesting = 100;

    public static JinjaText Write(object? value, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        Write(value, output, budget, 0);
        return output.ToText();
    }

    private static void Write(object? value, JinjaTextBuilder output, JinjaBudget budget, int depth)
    {
        if (depth > Nesting)
        {
            throw new JinjaFault(JinjaError.Limit, $"values nested more than {Nesting} deep");
        }

        budget.Steps();
        switch (value)
        {
            case bool flag:
                output.Append(flag ? "true" : "false");
                break;
            case long or byte:
                output.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
            case double number:
                output.Append(GoNumbers.Json(number));
                break;
            case JinjaText text:
                output.Append("\"").Append(GoEscapes.Json(text, budget)).Append("\"");
                break;
            case GoList { Shape: GoShape.Types, Count: 1 } types:
                Write(types[0], output, budget, depth + 1);
                break;
            case GoList { IsNil: false } or GoList { Shape: GoShape.Types }:
                var list = (GoList)value;
                output.Append("[");
                for (var i = 0; i < list.Count; i++)
                {
                    output.Append(i > 0 ? "," : "");
                    Write(list[i], output, budget, depth + 1);
                }

                output.Append("]");
                break;
            case GoMap map:
                WriteMembers(map.JsonEntries, output, budget, depth);
                break;
            case GoStruct structure:
                var fields = structure.Fields.Where(static f => !f.OmitsEmpty || !GoValues.IsEmpty(f.Value));
                WriteMembers(fields.Select(static f => KeyValuePair.Create(JinjaText.Of(f.Json), f.Value)), output, budget, depth);
                break;
            default:
                output.Append("null");
                break;
        }
    }

    private static void WriteMembers(IEnumerable<KeyValuePair<JinjaText, object?>> members, JinjaTextBuilder output, JinjaBudget budget, int depth)
    {
        output.Append("{");
        var isFirst = true;
        foreach (var (name, value) in members)
        {
            output.Append(isFirst ? "\"" : ",\"").Append(GoEscapes.Json(name, budget)).Append("\":");
            Write(value, output, budget, depth + 1);
            isFirst = false;
        }

        output.Append("}");
    }
}
