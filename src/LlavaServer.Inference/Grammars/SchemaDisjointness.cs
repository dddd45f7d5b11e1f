using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// <c>oneOf</c> allows one branch and no other. That holds by itself when no two branches have a value in common; where that cannot be shown, the schema
/// is refused. Shown are: other types, other values, ranges that do not meet, and objects told apart by a member.
/// </summary>
internal static class SchemaDisjointness
{
    private const int MaxDepth = 4;

    /// <exception cref="GrammarException">Two branches may have a value in common.</exception>
    public static void Check(JsonSchemaCompiler compiler, List<IReadOnlyList<SchemaPart>> branches, SchemaPart place, GrammarBudget budget)
    {
        var facts = branches.ConvertAll(branch => Facts(compiler, branch, budget));
        for (var i = 0; i < facts.Count; i++)
        {
            for (var j = i + 1; j < facts.Count; j++)
            {
                budget.AddPart();
                if (!AreDisjoint(compiler, facts[i], facts[j], budget, 0))
                {
                    throw place.Unheld($"branches {i} and {j} of 'oneOf' may have values in common; use 'anyOf', or a required member with another 'const' in each");
                }
            }
        }
    }

    // A branch that is false is one that nothing is in.
    private static SchemaFacts? Facts(JsonSchemaCompiler compiler, IReadOnlyList<SchemaPart> parts, GrammarBudget budget) =>
        compiler.Flatten(parts) is { } flat ? new SchemaFacts(flat, budget) : null;

    private static bool AreDisjoint(JsonSchemaCompiler compiler, SchemaFacts? x, SchemaFacts? y, GrammarBudget budget, int depth)
    {
        if (x is null || y is null)
        {
            return true;
        }

        if (x.Values is { } values && y.Values is { } others)
        {
            return !values.Any(value => others.Any(other => JsonElement.DeepEquals(value, other)));
        }

        // Neither may what is written of one be taken for the other.
        if ((x.WrittenTypes & y.Types) == 0 && (y.WrittenTypes & x.Types) == 0)
        {
            return true;
        }

        var common = (x.WrittenTypes & y.Types) | (y.WrittenTypes & x.Types);
        if ((common & ~JsonTypes.Number) == 0)
        {
            return IsBelow(x.Max, y.Min) || IsBelow(y.Max, x.Min);
        }

        return common == JsonTypes.Object && depth < MaxDepth
            && (Tells(x, y) && Tells(y, x) || HasDisjointMember(compiler, x, y, budget, depth));
    }

    private static bool IsBelow(NumberBound? max, NumberBound? min) =>
        max is { } high && min is { } low && (high.Value < low.Value || (high.Value == low.Value && (high.IsExcluded || low.IsExcluded)));

    // An object of x lacks a member that y requires.
    private static bool Tells(SchemaFacts x, SchemaFacts y) =>
        !x.Object.AllowsOthers && y.Object.Required.Any(name => x.Object.Member(name) is null);

    private static bool HasDisjointMember(JsonSchemaCompiler compiler, SchemaFacts x, SchemaFacts y, GrammarBudget budget, int depth)
    {
        foreach (var name in x.Object.Required.Where(y.Object.Required.Contains))
        {
            budget.AddPart();
            if (x.Object.Member(name) is { } one && y.Object.Member(name) is { } other
                && AreDisjoint(compiler, Facts(compiler, one, budget), Facts(compiler, other, budget), budget, depth + 1))
            {
                return true;
            }
        }

        return false;
    }
}
