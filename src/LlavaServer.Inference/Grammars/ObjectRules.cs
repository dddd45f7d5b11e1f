using System.Text;
using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>Objects of a schema: named members in the schema's order, then others. Used by one compilation.</summary>
internal sealed class ObjectRules(JsonSchemaCompiler compiler, GrammarRules rules, JsonValues values, GrammarBudget budget)
{
    private static readonly GrammarExpression s_comma = Of(JsonText.Space, Text(","), JsonText.Space);
    private static readonly GrammarExpression s_colon = Of(JsonText.Space, Text(":"), JsonText.Space);

    public GrammarExpression Build(SchemaFacts facts)
    {
        var described = facts.Object;
        var names = described.Names.Where(name => described.Member(name) is not null).ToList();
        var patterns = described.Patterns();
        CheckCounts(facts, names);
        if (names.Count == 0)
        {
            return described.AllowsOthers ? Map(facts, patterns) : described.MinProperties > 0 ? Never : Of(Text("{"), JsonText.Space, Text("}"));
        }

        if (patterns.Count > 0 || described.NamesSchema().Count > 0)
        {
            throw facts.Place.Unheld("'patternProperties' and 'propertyNames' beside named members are not supported");
        }

        return Of(Text("{"), JsonText.Space, Members(facts, names), Text("}"));
    }

    // From the last member to the first, each twice: as the first that is written, and behind another.
    private GrammarExpression Members(SchemaFacts facts, List<string> names)
    {
        var (first, later) = (JsonText.Space, JsonText.Space);
        if (facts.Object.AllowsOthers)
        {
            var other = Of(OtherName(names), s_colon, compiler.Schema(facts.Object.Others()));
            later = rules.Add("others", Of(Many(Of(s_comma, other)), JsonText.Space));
            first = rules.Add("others", AnyOf(Of(other, later), Empty));
        }
        else
        {
            first = Empty;
        }

        for (var i = names.Count - 1; i >= 0; i--)
        {
            budget.AddPart();
            var member = Of(Text($"\"{JsonText.Escape(names[i])}\""), s_colon, compiler.Schema(facts.Object.Member(names[i])!));
            var isRequired = facts.Object.Required.Contains(names[i]);
            var (asFirst, asLater) = (Of(member, later), Of(s_comma, member, later));
            (first, later) = (
                rules.Add("members", isRequired ? asFirst : AnyOf(asFirst, first)),
                rules.Add("members", isRequired ? asLater : AnyOf(asLater, later)));
        }

        return first;
    }

    private GrammarExpression Map(SchemaFacts facts, List<(string Pattern, SchemaPart Schema)> patterns)
    {
        var names = facts.Object.NamesSchema();
        if (patterns.Count > 1 || (patterns.Count == 1 && names.Count > 0))
        {
            throw facts.Place.Unheld("several patterns in 'patternProperties', or with 'propertyNames', are not supported");
        }

        GrammarExpression name = values.String;
        var schema = facts.Object.Others();
        if (patterns.Count == 1)
        {
            name = JsonText.Quoted(Translate(facts, patterns[0].Pattern));
            schema = [patterns[0].Schema];
        }
        else if (names.Count > 0)
        {
            name = Names(facts, names);
        }

        var member = Of(name, s_colon, compiler.Schema(schema));
        return JsonValues.Members(member, (int)facts.Object.MinProperties, (int?)facts.Object.MaxProperties);
    }

    private GrammarExpression Names(SchemaFacts facts, List<SchemaPart> schema)
    {
        if (compiler.Flatten(schema) is not { } flat)
        {
            return Never;
        }

        if (flat.Exists(static part => part.TryGet("anyOf", out _) || part.TryGet("oneOf", out _)))
        {
            throw facts.Place.Unheld("alternatives in 'propertyNames' are not supported");
        }

        var described = new SchemaFacts(flat, budget);
        return described.Values is { } listed
            ? AnyOf([.. listed.Where(value => SchemaFacts.TypeOf(value) == JsonTypes.String && SchemaValues.Allows(described, value)).Select(v => Text(SchemaValues.Write(v)))])
            : JsonText.Quoted(StringRules.Content(described, budget));
    }

    private GrammarExpression Translate(SchemaFacts facts, string pattern)
    {
        try
        {
            return RegexTranslator.Translate(pattern, budget).Expression;
        }
        catch (GrammarException failure)
        {
            throw facts.Place.Unheld(failure.Message.TrimEnd('.'));
        }
    }

    // Names may come twice, and count once: more than one cannot be promised of names that are free.
    private static void CheckCounts(SchemaFacts facts, List<string> names)
    {
        var described = facts.Object;
        if (described.MinProperties > Math.Max(names.Count > 0 ? described.Required.Count : 1, described.Required.Count))
        {
            throw facts.Place.Unheld("'minProperties' above the number of required members, or above 1 without any, is not supported");
        }

        if (names.Count > 0 && described.MaxProperties is { } max && (max < names.Count || described.AllowsOthers))
        {
            throw facts.Place.Unheld("'maxProperties' beside named members is only supported where it allows all of them and no others");
        }
    }

    /// <summary>
    /// A string that is none of the names, by a trie of their characters. Characters of it are not escaped in another way than they must be, so that no
    /// name is spelt by escapes.
    /// </summary>
    private GrammarExpression OtherName(List<string> names)
    {
        var any = Many(JsonText.Character(CharacterSet.Any));
        return JsonText.Quoted(NotAny([.. names.Select(static name => name.EnumerateRunes().ToArray())], 0, any));
    }

    private GrammarExpression NotAny(List<Rune[]> names, int at, GrammarExpression any)
    {
        budget.AddPart();
        var next = names.Where(name => name.Length > at).GroupBy(name => name[at].Value).ToList();
        var others = CharacterSet.Of(next.Select(static group => (group.Key, group.Key))).Negate();
        var choices = new List<GrammarExpression> { Of(JsonText.Character(others), any) };
        choices.AddRange(next.Select(group => Of(JsonText.Character(CharacterSet.Single(group.Key)), rules.Add("name", NotAny([.. group], at + 1, any)))));
        if (!names.Exists(name => name.Length == at))
        {
            choices.Add(Empty);
        }

        return AnyOf(choices);
    }
}
