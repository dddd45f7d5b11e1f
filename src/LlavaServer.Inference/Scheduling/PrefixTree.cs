using System.Diagnostics;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// What is stored under all sequence ids of an engine: a radix tree of blocks (as SGLang's RadixAttention, Zheng et al. 2024, with vLLM's fixed blocks)
/// in which slots with the same beginning share the path. It knows content only; keys and values are the engine's. Scheduler thread; allocates nothing
/// once it has as many nodes as ever were needed together.
/// </summary>
internal sealed class PrefixTree
{
    private readonly Stack<PrefixNode> _spare = new();

    public PrefixNode Root { get; } = new();

    /// <summary>Blocks held by at least one slot.</summary>
    public int BlockCount { get; private set; }

    /// <summary>Blocks held by at least one running slot.</summary>
    public int RunningBlockCount { get; private set; }

    public Slot NewSlot(int id)
    {
        var slot = new Slot(new(id), Root);
        Root.Ends.Add(slot);
        return slot;
    }

    /// <summary>
    /// The longest beginning of these items that is stored, and a slot that holds it: one that is idle and holds nothing more, if there is one. Blocks on
    /// the way are marked as used now.
    /// </summary>
    public (Slot? Slot, int Length) Find(ReadOnlySpan<long> items, long now)
    {
        var node = Root;
        while (items.Length - node.Length >= PrefixNode.Size && node.Child(items.Slice(node.Length, PrefixNode.Size)) is { } child)
        {
            node = child;
            node.LastUsed = now;
        }

        var rest = items[node.Length..];
        var (longest, slot) = (0, (Slot?)null);
        foreach (var child in node.Children)
        {
            var common = rest.CommonPrefixLength(child.Items);
            if (common > longest)
            {
                (longest, slot) = (common, child.AnySlot());
                child.LastUsed = now;
            }
        }

        foreach (var end in node.Ends)
        {
            var common = rest.CommonPrefixLength(end.Rest);
            if (common > longest || (common == longest && end.Sequence is null && end.RestLength == common))
            {
                (longest, slot) = (common, end);
            }
        }

        var length = node.Length + longest;
        return length == 0 ? (null, 0) : (slot ?? node.AnySlot(), length);
    }

    /// <summary>Positions at the beginning of these items that running slots hold, in whole blocks.</summary>
    public int RunningLength(ReadOnlySpan<long> items)
    {
        var node = Root;
        while (items.Length - node.Length >= PrefixNode.Size
            && node.Child(items.Slice(node.Length, PrefixNode.Size)) is { RunningCount: > 0 } child)
        {
            node = child;
        }

        return node.Length;
    }

    /// <summary>A position more is stored in a slot.</summary>
    public void Append(Slot slot, long item, long now)
    {
        slot.RestItems[slot.RestLength++] = item;
        if (slot.RestLength < PrefixNode.Size)
        {
            return;
        }

        var child = slot.End.Child(slot.RestItems) ?? Add(slot.End, slot.RestItems);
        child.LastUsed = now;
        Move(slot, child);
        slot.RestLength = 0;
        Count(slot, child, slot.Sequence is null ? 0 : 1);
    }

    /// <summary>Only the first positions are stored in a slot from now on.</summary>
    public void Truncate(Slot slot, int length)
    {
        var depth = length / PrefixNode.Size;
        var rest = length % PrefixNode.Size;
        if (slot.End.Depth > depth)
        {
            var node = slot.End;
            node.Ends.Remove(slot);
            while (node.Depth > depth)
            {
                if (node.Depth == depth + 1)
                {
                    node.Items.AsSpan(0, rest).CopyTo(slot.RestItems);
                }

                Count(slot, node, slot.Sequence is null ? 0 : -1);
                var parent = node.Parent!;
                RemoveIfUnused(node);
                node = parent;
            }

            node.Ends.Add(slot);
            slot.End = node;
        }

        slot.RestLength = rest;
    }

    /// <summary>An empty slot stores the first positions of another one.</summary>
    public void Share(Slot source, Slot target, int length)
    {
        Debug.Assert(target.Length == 0 && source.Length >= length, "The target is empty, the source has enough.");
        var depth = length / PrefixNode.Size;
        var items = source.RestItems;
        var node = source.End;
        while (node.Depth > depth)
        {
            items = node.Items;
            node = node.Parent!;
        }

        target.RestLength = length % PrefixNode.Size;
        items.AsSpan(0, target.RestLength).CopyTo(target.RestItems);
        Move(target, node);
        CountPath(target, target.Sequence is null ? 0 : 1);
    }

    /// <summary>A sequence begins to run in a slot, or none runs there any more.</summary>
    public void SetSequence(Slot slot, Sequence? sequence)
    {
        CountPath(slot, (sequence is null ? 0 : 1) - (slot.Sequence is null ? 0 : 1));
        slot.Sequence = sequence;
    }

    /// <summary>Marks all that a slot holds as used now.</summary>
    public static void Touch(Slot slot, long now)
    {
        slot.LastUsed = now;
        for (var node = slot.End; node.Parent is not null; node = node.Parent)
        {
            node.LastUsed = now;
        }
    }

    /// <summary>Whether another slot holds all that a slot holds.</summary>
    public static bool IsCovered(Slot slot)
    {
        foreach (var child in slot.End.Children)
        {
            if (child.Items.AsSpan().StartsWith(slot.Rest))
            {
                return true;
            }
        }

        foreach (var other in slot.End.Ends)
        {
            if (other != slot && other.Rest.StartsWith(slot.Rest))
            {
                return true;
            }
        }

        return false;
    }

    private static void Move(Slot slot, PrefixNode node)
    {
        slot.End.Ends.Remove(slot);
        node.Ends.Add(slot);
        slot.End = node;
    }

    private void CountPath(Slot slot, int change)
    {
        for (var node = slot.End; node.Parent is not null; node = node.Parent)
        {
            Count(slot, node, change);
        }
    }

    private void Count(Slot slot, PrefixNode node, int change)
    {
        var before = node.RunningCount;
        node.RunningCount += change;
        RunningBlockCount += Math.Min(1, node.RunningCount) - Math.Min(1, before);
        Debug.Assert(node.RunningCount >= 0, $"Slot {slot.Id.Value} was not counted.");
    }

    private PrefixNode Add(PrefixNode parent, ReadOnlySpan<long> items)
    {
        var node = _spare.TryPop(out var spare) ? spare : new PrefixNode();
        node.Parent = parent;
        node.Depth = parent.Depth + 1;
        items.CopyTo(node.Items);
        parent.Children.Add(node);
        BlockCount++;
        return node;
    }

    private void RemoveIfUnused(PrefixNode node)
    {
        if (node.Ends.Count == 0 && node.Children.Count == 0)
        {
            node.Parent!.Children.Remove(node);
            node.Parent = null;
            _spare.Push(node);
            BlockCount--;
        }
    }
}
