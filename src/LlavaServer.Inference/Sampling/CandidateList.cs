using System.Numerics;
using System.Runtime.CompilerServices;

namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Working space for picking one token out of a vocabulary: the candidates, how many are left, and whether they are sorted. One per scheduler thread,
/// used by one sampler at a time, allocated once.
/// </summary>
internal sealed class CandidateList(int vocabularySize)
{
    // One delegate for all sorts: passing a comparer would box it each time.
    private static readonly Comparison<Candidate> ByLogit = static (x, y) => Precedes(in x, in y) ? -1 : Precedes(in y, in x) ? 1 : 0;

    private readonly Candidate[] _candidates = new Candidate[vocabularySize];
    private readonly float[] _scores = new float[vocabularySize];

    public int Count { get; private set; }

    /// <summary>Whether the candidates are in descending order of logit.</summary>
    public bool IsSorted { get; private set; }

    /// <summary>Whether the candidates are in ascending order of id.</summary>
    public bool IsInIdOrder { get; private set; }

    public Span<Candidate> Items => _candidates.AsSpan(0, Count);

    public void Fill(ReadOnlySpan<float> logits)
    {
        for (var i = 0; i < logits.Length; i++)
        {
            var logit = logits[i];
            _candidates[i] = new Candidate { TokenId = i, Logit = float.IsNaN(logit) ? float.NegativeInfinity : logit };
        }

        Count = logits.Length;
        IsSorted = false;
        IsInIdOrder = true;
    }

    /// <summary>Takes only the tokens whose bit is set.</summary>
    public void Fill(ReadOnlySpan<float> logits, ReadOnlySpan<ulong> allowed)
    {
        (Count, IsSorted, IsInIdOrder) = (0, false, true);
        for (var word = 0; word < allowed.Length; word++)
        {
            for (var bits = allowed[word]; bits != 0; bits &= bits - 1)
            {
                var id = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (id >= logits.Length)
                {
                    return;
                }

                _candidates[Count++] = new Candidate { TokenId = id, Logit = float.IsNaN(logits[id]) ? float.NegativeInfinity : logits[id] };
            }
        }
    }

    /// <summary>Where a token stands, or -1. Only while the candidates are in order of id.</summary>
    public int IndexOf(int tokenId)
    {
        var (low, high) = (0, Math.Min(tokenId, Count - 1));
        if (high >= 0 && _candidates[high].TokenId == tokenId)
        {
            return high;
        }

        while (low <= high)
        {
            var middle = (low + high) / 2;
            var found = _candidates[middle].TokenId;
            if (found == tokenId)
            {
                return middle;
            }

            (low, high) = found < tokenId ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    /// <summary>Says that logits were changed in a way that may have changed their order.</summary>
    public void LogitsChanged() => IsSorted = false;

    public void Sort()
    {
        if (!IsSorted)
        {
            Items.Sort(ByLogit);
            IsSorted = true;
            IsInIdOrder = false;
        }
    }

    /// <summary>Keeps the first candidates, at least one.</summary>
    public void Truncate(int count) => Count = Math.Clamp(count, 1, Count);

    /// <summary>Keeps the k largest, sorted.</summary>
    public void KeepLargest(int k)
    {
        if (!IsSorted && k < Count)
        {
            SelectLargest(k);
            Count = k;
            IsInIdOrder = false;
        }

        Sort();
        Truncate(k);
    }

    /// <summary>Drops candidates from the front; at least one stays.</summary>
    public void RemoveFirst(int count)
    {
        count = Math.Min(count, Count - 1);
        Items[count..].CopyTo(_candidates);
        Count -= count;
    }

    /// <summary>Keeps the largest; of equal ones the first.</summary>
    public void KeepOnlyLargest()
    {
        _candidates[0] = _candidates[LargestIndex(Items)];
        Count = 1;
    }

    /// <summary>Fills in probabilities: exp(logit - max) over their sum, all in single precision.</summary>
    public void Softmax()
    {
        var items = Items;
        var max = Max(items);
        var sum = 0f;
        foreach (ref var item in items)
        {
            item.Probability = MathF.Exp(item.Logit - max);
            sum += item.Probability;
        }

        foreach (ref var item in items)
        {
            item.Probability /= sum;
        }
    }

    /// <summary>Entropy of the probabilities in nats.</summary>
    public float Entropy()
    {
        var entropy = 0f;
        foreach (ref readonly var item in Items)
        {
            entropy += item.Probability > 0f ? -item.Probability * MathF.Log(item.Probability) : 0f;
        }

        return entropy;
    }

    /// <summary>Keeps candidates with a logit of at least <paramref name="least"/>, in their order; the <paramref name="minKeep"/> largest always stay.</summary>
    public void KeepAtLeast(float least, int minKeep)
    {
        if (minKeep > 1 && CountAtLeast(least) < minKeep)
        {
            KeepLargest(Math.Min(minKeep, Count));
            return;
        }

        var items = Items;
        var kept = 0;
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i].Logit >= least)
            {
                items[kept++] = items[i];
            }
        }

        if (kept > 0)
        {
            Count = kept;
        }
    }

    /// <summary>Orders by ascending score; the scores belong to the candidates in their present order.</summary>
    public void SortByScore()
    {
        _scores.AsSpan(0, Count).Sort(Items);
        IsSorted = false;
        IsInIdOrder = false;
    }

    public Span<float> Scores => _scores.AsSpan(0, Count);

    public static int LargestIndex(ReadOnlySpan<Candidate> items)
    {
        var best = 0;
        for (var i = 1; i < items.Length; i++)
        {
            if (items[i].Logit > items[best].Logit)
            {
                best = i;
            }
        }

        return best;
    }

    public static float Max(ReadOnlySpan<Candidate> items)
    {
        var max = float.NegativeInfinity;
        foreach (ref readonly var item in items)
        {
            max = MathF.Max(max, item.Logit);
        }

        // All logits -inf: any finite maximum makes every probability zero instead of not a number.
        return float.IsNegativeInfinity(max) ? 0f : max;
    }

    private int CountAtLeast(float least)
    {
        var count = 0;
        foreach (ref readonly var item in Items)
        {
            count += item.Logit >= least ? 1 : 0;
        }

        return count;
    }

    // A heap of k with its smallest on top passes over the rest once: most candidates cost one comparison.
    private void SelectLargest(int k)
    {
        var all = Items;
        var heap = all[..k];
        for (var i = (k / 2) - 1; i >= 0; i--)
        {
            SiftDown(heap, i);
        }

        for (var i = k; i < all.Length; i++)
        {
            if (Precedes(in all[i], in heap[0]))
            {
                (heap[0], all[i]) = (all[i], heap[0]);
                SiftDown(heap, 0);
            }
        }
    }

    private static void SiftDown(Span<Candidate> heap, int parent)
    {
        while (true)
        {
            var child = (2 * parent) + 1;
            if (child >= heap.Length)
            {
                return;
            }

            if (child + 1 < heap.Length && Precedes(in heap[child], in heap[child + 1]))
            {
                child++;
            }

            if (!Precedes(in heap[parent], in heap[child]))
            {
                return;
            }

            (heap[parent], heap[child]) = (heap[child], heap[parent]);
            parent = child;
        }
    }

    // Equal logits go in order of id, so that the choice does not depend on how the candidates were moved.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Precedes(in Candidate x, in Candidate y) => x.Logit > y.Logit || (x.Logit == y.Logit && x.TokenId < y.TokenId);
}
