namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// A block of positions in a <see cref="PrefixTree"/>: their items, and what goes on from them. Identified by its parent and its items, compared item
/// by item. Scheduler thread; reused by the tree.
/// </summary>
internal sealed class PrefixNode
{
    /// <summary>Positions of a block.</summary>
    public const int Size = 32;

    public PrefixNode? Parent { get; set; }

    /// <summary>Blocks up to and including this one; 0 for the root, which stands for the empty beginning.</summary>
    public int Depth { get; set; }

    public long[] Items { get; } = new long[Size];

    public List<PrefixNode> Children { get; } = [];

    /// <summary>Slots whose last full block this is. A node without any has children: every path ends at a slot.</summary>
    public List<Slot> Ends { get; } = [];

    /// <summary>Running slots that hold this block.</summary>
    public int RunningCount { get; set; }

    /// <summary>When a sequence was last found to begin so, or ended so, in the cache's count of time.</summary>
    public long LastUsed { get; set; }

    /// <summary>Positions up to and including this block.</summary>
    public int Length => Depth * Size;

    public PrefixNode? Child(ReadOnlySpan<long> items)
    {
        foreach (var child in Children)
        {
            if (items.SequenceEqual(child.Items))
            {
                return child;
            }
        }

        return null;
    }

    /// <summary>A slot that holds this block.</summary>
    public Slot AnySlot()
    {
        var node = this;
        while (node.Ends.Count == 0)
        {
            node = node.Children[0];
        }

        return node.Ends[0];
    }
}
