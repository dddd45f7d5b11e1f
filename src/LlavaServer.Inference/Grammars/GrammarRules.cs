namespace LlavaServer.Inference.Grammars;

/// <summary>
/// The rules of a grammar while it is written: numbered, so that one may be referred to before it is known. Used by one compilation; rule 0 is the root.
/// </summary>
internal sealed class GrammarRules
{
    private readonly List<GrammarExpression?> _expressions = [null];
    private readonly List<string> _names = ["root"];

    public const int Root = 0;

    public int Count => _expressions.Count;

    public IReadOnlyList<GrammarExpression?> Expressions => _expressions;

    /// <summary>Name or place of a rule, for errors.</summary>
    public string NameOf(int rule) => _names[rule];

    public bool IsDefined(int rule) => _expressions[rule] is not null;

    /// <summary>A rule to be defined later.</summary>
    public int Declare(string name)
    {
        _expressions.Add(null);
        _names.Add(name);
        return _expressions.Count - 1;
    }

    public void Define(int rule, GrammarExpression expression) => _expressions[rule] = expression;

    public GrammarExpression Add(string name, GrammarExpression expression)
    {
        var rule = Declare(name);
        Define(rule, expression);
        return new GrammarExpression.Reference(rule);
    }
}
