using System.Text;
using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>Values of <c>enum</c> and <c>const</c>: as text, and held against the other keywords of their schema.</summary>
internal static class SchemaValues
{
    /// <summary>Without white space, strings as <see cref="JsonText"/> writes them.</summary>
    public static string Write(JsonElement value)
    {
        var text = new StringBuilder();
        Write(value, text);
        return text.ToString();
    }

    /// <exception cref="GrammarException">A keyword beside the values cannot be judged.</exception>
    public static bool Allows(SchemaFacts facts, JsonElement value)
    {
        var type = SchemaFacts.TypeOf(value);
        if ((facts.Types & type) == 0)
        {
            return false;
        }

        switch (type)
        {
            case JsonTypes.String:
                if (facts.Pattern is not null)
                {
                    throw facts.Place.Error("a pattern or format beside 'enum' or 'const' is not supported");
                }

                var length = value.GetString()!.EnumerateRunes().Count();
                return length >= facts.MinLength && !(length > facts.MaxLength);
            case JsonTypes.Integer or JsonTypes.Fraction when facts.Min is not null || facts.Max is not null || facts.MultipleOf is not null:
                if (!value.TryGetDecimal(out var number))
                {
                    throw facts.Place.Error("a number of 'enum' or 'const' has more than 28 digits");
                }

                return !(facts.Min is { } min && (number < min.Value || (min.IsExcluded && number == min.Value)))
                    && !(facts.Max is { } max && (number > max.Value || (max.IsExcluded && number == max.Value)))
                    && !(facts.MultipleOf is { } of && number % of != 0);
            case JsonTypes.Object when facts.Object.IsDescribed:
            case JsonTypes.Array when facts.Array.IsDescribed:
                throw facts.Place.Error("keywords of objects and arrays beside 'enum' or 'const' are not supported");
            default:
                return true;
        }
    }

    private static void Write(JsonElement value, StringBuilder text)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                text.Append('"').Append(JsonText.Escape(value.GetString()!)).Append('"');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    text.Append(text[^1] == '[' ? "" : ",");
                    Write(item, text);
                }

                text.Append(']');
                break;
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var member in value.EnumerateObject())
                {
                    text.Append(text[^1] == '{' ? "" : ",").Append('"').Append(JsonText.Escape(member.Name)).Append("\":");
                    Write(member.Value, text);
                }

                text.Append('}');
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }
}
