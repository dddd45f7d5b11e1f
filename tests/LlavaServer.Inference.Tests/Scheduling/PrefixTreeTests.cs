using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Tests.Scheduling;

public sealed class PrefixTreeTests
{
    [Theory]
    [InlineData(1u)]
    [InlineData(2u)]
    [InlineData(3u)]
    [InlineData(4u)]
    public void Find_RandomChanges_EqualsTheLongestBeginningOfAnySlot(uint seed)
    {
        var random = new MersenneTwister(seed);
        int Below(int n) => (int)(random.NextUInt32() % (uint)n);
        var tree = new PrefixTree();
        var slots = Enumerable.Range(0, 7).Select(tree.NewSlot).ToArray();
        var stored = slots.Select(_ => new List<long>()).ToArray();
        var now = 0L;
        for (var step = 0; step < 4_000; step++)
        {
            var at = Below(slots.Length);
            var (slot, items) = (slots[at], stored[at]);
            switch (Below(4))
            {
                case 0:
                    // Few different items, so that beginnings meet and part everywhere.
                    for (var i = Below(80); i > 0 && items.Count < 200; i--)
                    {
                        var item = Below(30) == 0 ? -1 - Below(2) : 5L;
                        items.Add(item);
                        tree.Append(slot, item, ++now);
                    }

                    break;
                case 1:
                    var length = Below(items.Count + 1);
                    items.RemoveRange(length, items.Count - length);
                    tree.Truncate(slot, length);
                    break;
                case 2 when Below(slots.Length) is var source && source != at:
                    length = Below(stored[source].Count + 1);
                    tree.Truncate(slot, 0);
                    tree.Share(slots[source], slot, length);
                    items.Clear();
                    items.AddRange(stored[source].Take(length));
                    break;
                case 3:
                    var wanted = stored[Below(slots.Length)].ToList();
                    wanted.RemoveRange(wanted.Count / 2, Below((wanted.Count / 2) + 1));
                    wanted.AddRange(Enumerable.Repeat(5L, Below(40)));
                    var (found, common) = tree.Find(wanted.ToArray(), ++now);
                    var lengths = stored.Select(s => s.ToArray().AsSpan().CommonPrefixLength(wanted.ToArray())).ToArray();
                    Assert.Equal(lengths.Max(), common);
                    Assert.Equal(common == 0, found is null);
                    Assert.True(found is null || lengths[Array.IndexOf(slots, found)] == common, $"seed {seed}, step {step}: the slot does not hold it");
                    break;
            }

            Assert.Null(PrefixInvariants.Violation(tree, slots));
            for (var i = 0; i < slots.Length; i++)
            {
                Assert.Equal(stored[i].Count, slots[i].Length);
                var isCovered = stored[i].Count > 0 && stored.Where((_, j) => j != i).Any(s => s.Take(stored[i].Count).SequenceEqual(stored[i]));
                Assert.True(stored[i].Count == 0 || PrefixTree.IsCovered(slots[i]) == isCovered, $"seed {seed}, step {step}: slot {i}");
            }
        }

        foreach (var slot in slots)
        {
            tree.Truncate(slot, 0);
        }

        Assert.Equal(0, tree.BlockCount);
    }

    [Fact]
    public void Append_AfterTheTreeWasAsLargeBefore_AllocatesNothing()
    {
        var tree = new PrefixTree();
        var slot = tree.NewSlot(0);
        long Fill()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                tree.Append(slot, i, i);
            }

            tree.Truncate(slot, 0);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.True(Fill() > 0);
        Assert.Equal(0, Fill());
    }
}
