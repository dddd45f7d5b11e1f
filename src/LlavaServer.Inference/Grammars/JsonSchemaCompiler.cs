using System.Text.Json;
using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Writes a JSON Schema (draft 2020-12, the keywords that OpenAI and Ollama name, and more) as grammar rules: every answer of the grammar holds to the
/// schema; what a grammar cannot hold is refused by name. One rule for each schema, from a list of work, so that no nesting of references is a recursion
/// here. Used by one compilation.
/// </summary>
internal sealed class JsonSchemaCompiler
{
    /// <summary>What is left out where a schema cannot be held as a whole: bounds of values; names and types of members and items stay.</summary>
    private const string Loose =
        "not if then else dependentSchemas dependentRequired dependencies contains minContains maxContains uniqueItems multipleOf pattern format "
        + "patternProperties propertyNames minProperties maxProperties unevaluatedItems unevaluatedProperties $dynamicRef $recursiveRef";

    private readonly GrammarBudget _budget;
    private readonly bool _isLenient;
    private readonly GrammarRules _rules;
    private readonly SchemaReferences _references;
    private readonly JsonValues _values;
    private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal);
    private readonly Queue<(int Rule, IReadOnlyList<SchemaPart> Parts)> _waiting = new();

    private JsonSchemaCompiler(JsonElement schema, GrammarRules rules, GrammarBudget budget, bool isLenient)
    {
        _isLenient = isLenient;
        _budget = budget;
        _rules = rules;
        _references = new SchemaReferences(schema, budget);
        _values = new JsonValues(_rules);
    }

    /// <exception cref="GrammarException">The schema is wrong, over a limit, or cannot be held.</exception>
    public static GrammarRules Compile(JsonElement schema, GrammarBudget budget)
    {
        var rules = new GrammarRules();
        var answer = Add(rules, budget, isLenient: false, schema);
        // One blank may go ahead: many vocabularies begin an answer with it.
        rules.Define(GrammarRules.Root, Of(Optional(Text(" ")), answer));
        return rules;
    }

    /// <summary>Values that hold to all of these schemas, among other rules. References are looked up in the first.</summary>
    /// <param name="rules">Where the rules go.</param>
    /// <param name="budget">Of the compilation.</param>
    /// <param name="isLenient">A part that cannot be held is held as far as it can be, instead of being refused.</param>
    /// <param name="schemas">The schemas.</param>
    /// <exception cref="GrammarException">A schema is wrong, over a limit, or cannot be held.</exception>
    public static GrammarExpression Add(GrammarRules rules, GrammarBudget budget, bool isLenient, params IReadOnlyList<JsonElement> schemas)
    {
        var compiler = new JsonSchemaCompiler(schemas[0], rules, budget, isLenient);
        var value = compiler.Schema([.. schemas.Select(static (schema, i) => new SchemaPart(schema, i == 0 ? "#" : $"#({i})", 0))]);
        while (compiler._waiting.TryDequeue(out var work))
        {
            rules.Define(work.Rule, compiler.Held(work.Parts));
        }

        return value;
    }

    /// <summary>A reference to the rule of all these parts together.</summary>
    public GrammarExpression Schema(IReadOnlyList<SchemaPart> parts)
    {
        var key = string.Join('\n', parts.Select(static part => part.Key));
        if (!_known.TryGetValue(key, out var rule))
        {
            _known.Add(key, rule = _rules.Declare(parts.Count > 0 ? parts[0].Place : "#"));
            _waiting.Enqueue((rule, parts));
        }

        return new Reference(rule);
    }

    public List<SchemaPart>? Flatten(IReadOnlyList<SchemaPart> parts) => _references.Flatten(parts);

    private GrammarExpression Held(IReadOnlyList<SchemaPart> parts)
    {
        foreach (var without in (ReadOnlySpan<string>)["", Loose])
        {
            try
            {
                return Value(parts, without);
            }
            catch (GrammarException failure) when (_isLenient && failure.CannotBeHeld)
            {
                // The next one holds less of it.
            }
        }

        return OfType(parts);
    }

    private GrammarExpression OfType(IReadOnlyList<SchemaPart> parts)
    {
        var types = parts.Select(static part => part.TryGet("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null);
        return types.FirstOrDefault(static type => type is not null) switch
        {
            "object" => _values.Object(),
            "array" => _values.Array(),
            "string" => _values.String,
            _ => _values.Value(),
        };
    }

    private GrammarExpression Value(IReadOnlyList<SchemaPart> parts, string without)
    {
        if (_references.Flatten(parts) is not { } flat)
        {
            return Never;
        }

        if (without.Length > 0)
        {
            flat = flat.ConvertAll(part => part with { Without = (part.Without + " " + without).Trim() });
        }

        if (Alternatives(flat) is { } alternatives)
        {
            return alternatives;
        }

        var facts = new SchemaFacts(flat, _budget);
        if (facts.Values is { } values)
        {
            return AnyOf([.. values.Where(value => SchemaValues.Allows(facts, value)).Select(value => Text(SchemaValues.Write(value)))]);
        }

        var types = facts.WrittenTypes;
        if (types == JsonTypes.All && flat.Count == 0)
        {
            return _values.Value();
        }

        var choices = new List<GrammarExpression>();
        Add(JsonTypes.Object, () => new ObjectRules(this, _rules, _values, _budget).Build(facts));
        Add(JsonTypes.Array, () => Array(facts));
        Add(JsonTypes.String, () => StringRules.Build(facts, _values, _budget));
        Add(JsonTypes.Number, () => Number(facts, types));
        Add(JsonTypes.Boolean, static () => AnyOf(Text("true"), Text("false")));
        Add(JsonTypes.Null, static () => Text("null"));
        return AnyOf(choices);

        void Add(JsonTypes type, Func<GrammarExpression> build)
        {
            if ((types & type) != 0)
            {
                choices.Add(build());
            }
        }
    }

    // anyOf and oneOf: each branch together with all that stands beside them.
    private GrammarExpression? Alternatives(List<SchemaPart> flat)
    {
        for (var i = 0; i < flat.Count; i++)
        {
            foreach (var keyword in (ReadOnlySpan<string>)["anyOf", "oneOf"])
            {
                if (!flat[i].TryGet(keyword, out var list))
                {
                    continue;
                }

                var branches = SchemaReferences.Branches(flat[i], keyword, list);
                var rest = new List<SchemaPart>(flat) { [i] = flat[i] with { Without = (flat[i].Without + " allOf $ref " + keyword).Trim() } };
                var choices = branches.Select(branch => (IReadOnlyList<SchemaPart>)[branch, .. rest.Select(WithoutReferences)]).ToList();
                if (keyword == "oneOf" && !_isLenient)
                {
                    SchemaDisjointness.Check(this, choices, flat[i], _budget);
                }

                return AnyOf([.. choices.Select(Schema)]);
            }
        }

        return null;
    }

    // Their references are among the parts already.
    private static SchemaPart WithoutReferences(SchemaPart part) =>
        part.Without.Contains("$ref", StringComparison.Ordinal) ? part : part with { Without = (part.Without + " allOf $ref").Trim() };

    private static GrammarExpression Number(SchemaFacts facts, JsonTypes types)
    {
        var isWhole = (types & JsonTypes.Fraction) == 0;
        if (facts.MultipleOf is { } of)
        {
            if (of == decimal.Truncate(of))
            {
                return JsonNumbers.Multiples(new(of), facts.Min?.Ceiling(), facts.Max?.Floor())
                    ?? throw facts.Place.Unheld("'multipleOf' of that value is only supported between bounds that leave 1000 numbers");
            }

            var digits = 0;
            for (var power = of; power < 1 && digits < JsonText.MaxDigits; power *= 10)
            {
                digits++;
            }

            return !isWhole && of == Power(-digits)
                ? JsonNumbers.Decimals(facts.Min, facts.Max, digits)
                : throw facts.Place.Unheld("'multipleOf' of that value is not supported; whole numbers and 0.1, 0.01, ... are");
        }

        if (isWhole)
        {
            return facts.Min is null && facts.Max is null ? JsonText.Integer : JsonNumbers.Integers(facts.Min?.Ceiling(), facts.Max?.Floor());
        }

        if ((types & JsonTypes.Integer) == 0)
        {
            throw facts.Place.Unheld("numbers that are not whole cannot be asked for alone");
        }

        return facts.Min is null && facts.Max is null ? JsonText.Number : JsonNumbers.Decimals(facts.Min, facts.Max, JsonText.MaxDigits);
    }

    private static decimal Power(int exponent)
    {
        var power = 1m;
        for (var i = 0; i < -exponent; i++)
        {
            power /= 10;
        }

        return power;
    }

    private GrammarExpression Array(SchemaFacts facts)
    {
        var array = facts.Array;
        var (min, max) = (array.MinItems, array.MaxItems);
        if (array.IsUnique && max is null or > 1)
        {
            throw facts.Place.Unheld("the keyword 'uniqueItems' is only supported with 'maxItems': 1");
        }

        // From the last item to the first: what may follow item i.
        var open = Text("[");
        var rest = Of(Comma, Schema(array.Item(array.PrefixLength)));
        var tail = max <= array.PrefixLength ? Empty : Many(rest, Bounded(min - Math.Max(1, array.PrefixLength)), Limit(max - Math.Max(1, array.PrefixLength)));
        for (var i = array.PrefixLength - 1; i >= 1; i--)
        {
            if (i >= max)
            {
                continue;
            }

            var item = Of(Comma, Schema(array.Item(i)), tail);
            tail = _rules.Add("items", i >= min ? Optional(item) : item);
        }

        var items = Of(Schema(array.Item(0)), tail, JsonText.Space);
        return Of(open, JsonText.Space, max == 0 ? (min > 0 ? Never : Empty) : min > 0 ? items : Optional(items), Text("]"));
    }

    private static GrammarExpression Comma => Of(JsonText.Space, Text(","), JsonText.Space);

    private static int Bounded(long count) => (int)Math.Clamp(count, 0, int.MaxValue);

    private static int? Limit(long? count) => count is null ? null : Bounded(count.Value);
}
