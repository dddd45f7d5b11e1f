using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>Strings of a schema: lengths, patterns and formats. Lengths count characters, not bytes.</summary>
internal static class StringRules
{
    /// <exception cref="GrammarException">The pattern cannot be translated, or not be combined with the lengths.</exception>
    public static GrammarExpression Build(SchemaFacts facts, JsonValues values, GrammarBudget budget) =>
        facts is { Pattern: null, MinLength: 0, MaxLength: null } ? values.String : JsonText.Quoted(Content(facts, budget));

    /// <summary>What stands between the quotes.</summary>
    public static GrammarExpression Content(SchemaFacts facts, GrammarBudget budget)
    {
        var (min, max) = (facts.MinLength, facts.MaxLength);
        if (min > max)
        {
            return Never;
        }

        if (facts.Pattern is null)
        {
            return Many(JsonText.AnyCharacter, (int)min, (int?)max);
        }

        RegexPiece piece;
        try
        {
            piece = RegexTranslator.Translate(facts.Pattern, budget);
        }
        catch (GrammarException failure)
        {
            throw facts.Place.Unheld(failure.Message.TrimEnd('.'));
        }

        if (piece.Min >= min && (max is null || piece.Max <= max))
        {
            return piece.Expression;
        }

        if (piece.Character is { } character)
        {
            var most = SchemaFacts.Least(piece.Max, max);
            var least = Math.Max(piece.Min, min);
            return least > most ? Never : Many(character, (int)least, (int?)most);
        }

        throw facts.Place.Unheld("lengths beside a pattern or format are only supported where the pattern keeps them by itself, or repeats one character");
    }
}
