namespace LlavaServer.Inference.Grammars;

/// <summary>
/// A compiled grammar of answers, independent of any model: a pushdown automaton over bytes. Immutable, any thread. Made by <see cref="GrammarCompiler"/>.
/// </summary>
public sealed class Grammar
{
    internal Grammar(GrammarNode start) => Start = start;

    internal GrammarNode Start { get; }
}
