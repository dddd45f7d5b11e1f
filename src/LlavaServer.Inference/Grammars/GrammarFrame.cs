namespace LlavaServer.Inference.Grammars;

/// <summary>
/// One entry of a stack of rules that are under way: where to go on, and how often a repeated item was written. Stacks share their lower parts; equal
/// ones of one automaton are the same object as long as its cache holds. Immutable.
/// </summary>
internal sealed class GrammarFrame(long id, GrammarFrame? below, GrammarNode node, int count)
{
    /// <summary>Orders frames; never given twice.</summary>
    public long Id => id;

    public GrammarFrame? Below => below;

    /// <summary>A repeat, or the node behind a call.</summary>
    public GrammarNode Node => node;

    /// <summary>Items of a repeat that are finished, no more than matter.</summary>
    public int Count => count;

    public int Depth { get; } = (below?.Depth ?? 0) + 1;
}
