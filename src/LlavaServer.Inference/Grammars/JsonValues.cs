using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>Rules for JSON that no schema describes, nested to a bounded depth. Used by one compilation.</summary>
internal sealed class JsonValues(GrammarRules rules)
{
    /// <summary>Half of what common parsers take.</summary>
    public const int MaxDepth = 32;

    private readonly GrammarExpression?[] _values = new GrammarExpression?[MaxDepth + 1];
    private GrammarExpression? _string;
    private GrammarExpression? _scalar;

    public GrammarExpression String => _string ??= rules.Add("string", JsonText.Quoted(Many(JsonText.AnyCharacter)));

    /// <summary>Any value with at most this many arrays and objects in one another.</summary>
    public GrammarExpression Value(int depth = MaxDepth)
    {
        if (_values[depth] is { } known)
        {
            return known;
        }

        // From the innermost out, so that no call waits for another.
        for (var d = 0; d <= depth; d++)
        {
            _values[d] ??= rules.Add("value", d == 0 ? Scalar() : AnyOf(Scalar(), Object(d - 1), Array(d - 1)));
        }

        return _values[depth]!;
    }

    public GrammarExpression Object(int depth = MaxDepth - 1) => Members(Of(String, JsonText.Space, Text(":"), JsonText.Space, Value(depth)), 0, null);

    public GrammarExpression Array(int depth = MaxDepth - 1) => List("[", Value(depth), 0, null, "]");

    /// <summary>An object of such members.</summary>
    public static GrammarExpression Members(GrammarExpression member, int min, int? max) => List("{", member, min, max, "}");

    private GrammarExpression Scalar() => _scalar ??= rules.Add("scalar", AnyOf(String, JsonText.Number, Text("true"), Text("false"), Text("null")));

    private static GrammarExpression List(string open, GrammarExpression item, int min, int? max, string close)
    {
        var more = Many(Of(JsonText.Space, Text(","), JsonText.Space, item), Math.Max(0, min - 1), max - 1);
        var items = Of(item, more, JsonText.Space);
        return Of(Text(open), JsonText.Space, max == 0 ? Empty : min > 0 ? items : Optional(items), Text(close));
    }
}
