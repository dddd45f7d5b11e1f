namespace LlavaServer.Inference.Grammars;

/// <summary>
/// What may follow a beginning of an answer: every node that may take the next byte, with its stack. Filled in as it is used, under the lock of its
/// automaton; equal states are the same object as long as the cache holds.
/// </summary>
internal sealed class GrammarState((GrammarNode Node, GrammarFrame? Stack)[] heads, bool accepts)
{
    public (GrammarNode Node, GrammarFrame? Stack)[] Heads => heads;

    /// <summary>Whether the answer may end here.</summary>
    public bool Accepts => accepts;

    /// <summary>Whether the answer must end here.</summary>
    public bool IsFinal => accepts && heads.Length == 0;

    /// <summary>The state behind each byte; null is not known yet, <see cref="GrammarAutomaton.Dead"/> is none.</summary>
    public GrammarState?[]? Next { get; set; }

    /// <summary>One bit for each token that may follow; null is not known yet.</summary>
    public ulong[]? Mask { get; set; }
}
