using System.Globalization;
using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// What the parts of one schema say together, keyword by keyword: types, values, bounds; members and items as parts of their own. Refuses by name what
/// cannot be held. Used by one compilation.
/// </summary>
internal sealed class SchemaFacts
{
    private static readonly string[] s_refused =
        ["not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "contains", "unevaluatedItems", "$dynamicRef", "$recursiveRef"];

    private readonly List<SchemaPart> _parts;

    public SchemaFacts(List<SchemaPart> parts, GrammarBudget budget)
    {
        _parts = parts;
        foreach (var part in parts)
        {
            budget.AddPart();
            Refuse(part);
            ReadTypes(part);
            ReadValues(part);
            ReadBounds(part);
        }

        Object = new ObjectFacts(parts);
        Array = new ArrayFacts(parts);
        if (Values is not null)
        {
            Types &= Values.Aggregate(JsonTypes.None, static (types, value) => types | TypeOf(value));
        }
    }

    public IReadOnlyList<SchemaPart> Parts => _parts;

    public JsonTypes Types { get; private set; } = JsonTypes.All;

    /// <summary>The values of <c>enum</c> or <c>const</c> that all parts have; null is no such keyword.</summary>
    public IReadOnlyList<JsonElement>? Values { get; private set; }

    public NumberBound? Min { get; private set; }

    public NumberBound? Max { get; private set; }

    public decimal? MultipleOf { get; private set; }

    public long MinLength { get; private set; }

    public long? MaxLength { get; private set; }

    public string? Pattern { get; private set; }

    public ObjectFacts Object { get; }

    public ArrayFacts Array { get; }

    /// <summary>The types that are written: where the schema has no type but keywords of one, those.</summary>
    public JsonTypes WrittenTypes
    {
        get
        {
            if (_parts.Exists(static part => part.TryGet("type", out _)) || Values is not null)
            {
                return Types;
            }

            var named = (Object.IsDescribed ? JsonTypes.Object : 0) | (Array.IsDescribed ? JsonTypes.Array : 0)
                | (MinLength > 0 || MaxLength is not null || Pattern is not null ? JsonTypes.String : 0)
                | (Min is not null || Max is not null || MultipleOf is not null ? JsonTypes.Number : 0);
            return named == JsonTypes.None ? Types : named;
        }
    }

    public SchemaPart Place => _parts.Count > 0 ? _parts[0] : new SchemaPart(default, "#", 0);

    public static JsonTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        _ => value.TryGetDecimal(out var number) && number != decimal.Truncate(number) ? JsonTypes.Fraction : JsonTypes.Integer,
    };

    private static void Refuse(SchemaPart part)
    {
        foreach (var keyword in s_refused)
        {
            if (part.TryGet(keyword, out _))
            {
                throw part.Unheld($"the keyword '{keyword}' is not supported");
            }
        }
    }

    private void ReadTypes(SchemaPart part)
    {
        if (!part.TryGet("type", out var type))
        {
            return;
        }

        var names = type.ValueKind == JsonValueKind.Array ? type.EnumerateArray() : (IEnumerable<JsonElement>)[type];
        Types &= names.Aggregate(JsonTypes.None, (types, name) => types | (name.ValueKind == JsonValueKind.String ? name.GetString() : "") switch
        {
            "null" => JsonTypes.Null,
            "boolean" => JsonTypes.Boolean,
            "object" => JsonTypes.Object,
            "array" => JsonTypes.Array,
            "string" => JsonTypes.String,
            "integer" => JsonTypes.Integer,
            "number" => JsonTypes.Number,
            _ => throw part.Error("'type' must be null, boolean, object, array, string, integer, number or an array of them"),
        });
    }

    private void ReadValues(SchemaPart part)
    {
        if (part.TryGet("const", out var constant))
        {
            Keep([constant]);
        }

        if (part.TryGet("enum", out var list))
        {
            Keep(list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : throw part.Error("'enum' must be an array"));
        }
    }

    private void Keep(List<JsonElement> values) =>
        Values = Values is null ? values : [.. Values.Where(value => values.Exists(other => JsonElement.DeepEquals(value, other)))];

    private void ReadBounds(SchemaPart part)
    {
        ReadBound(part, "minimum", "exclusiveMinimum", static (found, old) => found.Value > old.Value || (found.Value == old.Value && found.IsExcluded), isMin: true);
        ReadBound(part, "maximum", "exclusiveMaximum", static (found, old) => found.Value < old.Value || (found.Value == old.Value && found.IsExcluded), isMin: false);
        if (part.TryGet("multipleOf", out var multiple))
        {
            var value = Decimal(part, "multipleOf", multiple);
            MultipleOf = value > 0 && (MultipleOf is null || MultipleOf == value)
                ? value
                : throw part.Unheld("'multipleOf' must be a number above 0, and cannot be combined with another");
        }

        MinLength = Math.Max(MinLength, Count(part, "minLength") ?? 0);
        MaxLength = Least(MaxLength, Count(part, "maxLength"));
        if (part.TryGet("pattern", out var pattern))
        {
            SetPattern(part, pattern.ValueKind == JsonValueKind.String ? pattern.GetString()! : throw part.Error("'pattern' must be a string"));
        }

        if (part.TryGet("format", out var format) && format.ValueKind == JsonValueKind.String && StringFormats.PatternOf(format.GetString()!) is { } known)
        {
            SetPattern(part, known);
        }
    }

    private void SetPattern(SchemaPart part, string pattern) =>
        Pattern = Pattern is null || Pattern == pattern ? pattern : throw part.Unheld("a pattern or format cannot be combined with another");

    private void ReadBound(SchemaPart part, string keyword, string exclusive, Func<NumberBound, NumberBound, bool> isTighter, bool isMin)
    {
        var excludes = part.TryGet(exclusive, out var bound);
        if (excludes && bound.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            // Draft 4: a flag beside the bound.
            excludes = false;
            Take(keyword, bound.ValueKind == JsonValueKind.True);
            return;
        }

        if (excludes)
        {
            Take(exclusive, isExcluded: true);
        }

        Take(keyword, isExcluded: false);

        void Take(string name, bool isExcluded)
        {
            if (part.TryGet(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                var found = new NumberBound(Decimal(part, name, value), isExcluded);
                if (isMin)
                {
                    Min = Min is { } old && !isTighter(found, old) ? old : found;
                }
                else
                {
                    Max = Max is { } old && !isTighter(found, old) ? old : found;
                }
            }
        }
    }

    private static decimal Decimal(SchemaPart part, string keyword, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
            ? number
            : throw part.Error($"'{keyword}' must be a number with at most 28 digits");

    public static long? Count(SchemaPart part, string keyword)
    {
        if (!part.TryGet(keyword, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number >= 0 && number <= int.MaxValue && number == decimal.Truncate(number)
            ? (long)number
            : throw part.Error($"'{keyword}' must be a whole number from 0 to {int.MaxValue.ToString(CultureInfo.InvariantCulture)}");
    }

    public static long? Least(long? x, long? y) => x is null ? y : y is null ? x : Math.Min(x.Value, y.Value);
}
