namespace LlavaServer.Inference.Grammars;

/// <summary>A piece of a grammar, before it becomes an automaton over bytes. Immutable; may be shared between rules.</summary>
internal abstract record GrammarExpression
{
    /// <summary>Nothing at all.</summary>
    public static GrammarExpression Empty { get; } = new Sequence([]);

    /// <summary>What can never be written.</summary>
    public static GrammarExpression Never { get; } = new Choice([]);

    /// <summary>These bytes.</summary>
    public sealed record Literal(byte[] Bytes) : GrammarExpression;

    /// <summary>One character of a set, in UTF-8.</summary>
    public sealed record Characters(CharacterSet Set) : GrammarExpression;

    /// <summary>One byte of a range, whatever character it belongs to.</summary>
    public sealed record ByteRange(byte Low, byte High) : GrammarExpression;

    public sealed record Sequence(IReadOnlyList<GrammarExpression> Items) : GrammarExpression;

    public sealed record Choice(IReadOnlyList<GrammarExpression> Items) : GrammarExpression;

    /// <summary>From <paramref name="Min"/> to <paramref name="Max"/> times; null is without end.</summary>
    public sealed record Repeat(GrammarExpression Item, int Min, int? Max) : GrammarExpression;

    /// <summary>The rule with this number.</summary>
    public sealed record Reference(int Rule) : GrammarExpression;

    public static GrammarExpression Text(string text) => new Literal(System.Text.Encoding.UTF8.GetBytes(text));

    public static GrammarExpression Of(params IReadOnlyList<GrammarExpression> items) => items.Count == 1 ? items[0] : new Sequence(items);

    public static GrammarExpression AnyOf(params IReadOnlyList<GrammarExpression> items) => items.Count == 1 ? items[0] : new Choice(items);

    public static GrammarExpression Optional(GrammarExpression item) => new Choice([item, Empty]);

    public static GrammarExpression Many(GrammarExpression item, int min = 0, int? max = null) => new Repeat(item, min, max);

    public static GrammarExpression Chars(string description) => new Characters(CharacterSet.Parse(description));
}
