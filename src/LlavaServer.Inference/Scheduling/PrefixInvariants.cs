using System.Diagnostics;

namespace LlavaServer.Inference.Scheduling;

/// <summary>What must hold of a prefix cache when no sequence runs; asserted in debug builds, looked at by tests.</summary>
internal static class PrefixInvariants
{
    public static void AssertIdle(PrefixTree tree, IReadOnlyList<Slot> slots)
    {
        if (Violation(tree, slots) is { } violation)
        {
            Debug.Fail(violation);
        }
    }

    /// <summary>The first thing that does not hold, or null.</summary>
    public static string? Violation(PrefixTree tree, IReadOnlyList<Slot> slots)
    {
        if (slots.FirstOrDefault(s => s.Sequence is not null || s.IsFollowing) is { } busy)
        {
            return $"slot {busy.Id.Value} is not free";
        }

        if (tree.RunningBlockCount != 0)
        {
            return $"{tree.RunningBlockCount} blocks count as running";
        }

        var blocks = 0;
        var nodes = new Stack<PrefixNode>([tree.Root]);
        var ends = 0;
        while (nodes.TryPop(out var node))
        {
            blocks += node.Depth > 0 ? 1 : 0;
            ends += node.Ends.Count;
            if (node.Depth > 0 && node.Ends.Count + node.Children.Count == 0)
            {
                return $"a block of depth {node.Depth} is held by nobody";
            }

            if (node.Ends.Any(s => s.End != node))
            {
                return $"a slot does not know that it ends at depth {node.Depth}";
            }

            foreach (var child in node.Children)
            {
                if (child.Parent != node || child.Depth != node.Depth + 1 || node.Child(child.Items) != child)
                {
                    return $"a block of depth {child.Depth} is in the wrong place or there twice";
                }

                nodes.Push(child);
            }
        }

        return blocks != tree.BlockCount || ends != slots.Count
            ? $"{blocks} blocks and {ends} ends are in the tree, {tree.BlockCount} and {slots.Count} should be"
            : null;
    }
}
