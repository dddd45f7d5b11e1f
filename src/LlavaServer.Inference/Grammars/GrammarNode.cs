namespace LlavaServer.Inference.Grammars;

/// <summary>A node of a grammar's automaton. Built by <see cref="GrammarLinker"/>, constant afterwards, shared by all threads.</summary>
internal sealed class GrammarNode(int id, GrammarNodeKind kind)
{
    /// <summary>Orders nodes; of its grammar alone.</summary>
    public int Id => id;

    public GrammarNodeKind Kind => kind;

    public byte Low { get; init; }

    public byte High { get; init; }

    public GrammarNode? Next { get; set; }

    /// <summary>Of a call set once all rules are known.</summary>
    public GrammarNode? Body { get; set; }

    public IReadOnlyList<GrammarNode> Targets { get; init; } = [];

    public int Min { get; init; }

    public int Max { get; init; } = int.MaxValue;
}
