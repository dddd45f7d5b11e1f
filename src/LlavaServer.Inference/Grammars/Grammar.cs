namespace LlavaServer.Inference.Grammars;

/// <summary>
/// A compiled grammar of answers, independent of any model: a pushdown automaton over bytes. Immutable, any thread. Made by <see cref="GrammarCompiler"/>.
/// </summary>
public sealed class Grammar
{
    internal Grammar(GrammarNode start) => Start = start;

    internal GrammarNode Start { get; }

    /// <summary>Answers of one or the other.</summary>
    internal static Grammar Either(Grammar one, Grammar other) => new(new GrammarNode(-1, GrammarNodeKind.Split) { Targets = [one.Start, other.Start] });
}
