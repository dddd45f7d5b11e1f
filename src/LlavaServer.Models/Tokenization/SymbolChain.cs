using System.Buffers;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// The working state of merging: a chain of symbols and a queue of neighbouring pairs, best first, ties from the left. A pair is dropped when
/// one of its symbols has changed since. n symbols cost O(n log n). One thread; dispose gives the arrays back.
/// </summary>
internal sealed class SymbolChain(CancellationToken cancellationToken) : IDisposable
{
    /// <summary>Queued pairs between two looks at the cancellation: some tenths of a millisecond.</summary>
    private const int PairsBetweenLooks = 4096;

    private int pairsUntilLook = PairsBetweenLooks;
    private int[] lengths = [];
    private int[] previous = [];
    private int[] next = [];
    private Pair[] heap = [];
    private int heapCount;

    public int Count { get; private set; }

    /// <summary>Starts anew with <paramref name="count"/> symbols in a row, all of length 1.</summary>
    public void Reset(int count)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (lengths.Length < count)
        {
            Release();
            lengths = ArrayPool<int>.Shared.Rent(count);
            previous = ArrayPool<int>.Shared.Rent(count);
            next = ArrayPool<int>.Shared.Rent(count);
        }

        Count = count;
        heapCount = 0;
        for (var i = 0; i < count; i++)
        {
            lengths[i] = 1;
            previous[i] = i - 1;
            next[i] = i + 1 < count ? i + 1 : -1;
        }
    }

    public void SetLength(int symbol, int length) => lengths[symbol] = length;

    public int Length(int symbol) => lengths[symbol];

    public int Previous(int symbol) => previous[symbol];

    public int Next(int symbol) => next[symbol];

    /// <summary>Queues the pair; the smallest <paramref name="rank"/> is taken first.</summary>
    public void Push(int left, int right, uint rank)
    {
        Look();
        if (heapCount == heap.Length)
        {
            var larger = ArrayPool<Pair>.Shared.Rent(Math.Max(64, heap.Length * 2));
            heap.AsSpan(0, heapCount).CopyTo(larger);
            ReturnHeap();
            heap = larger;
        }

        var pair = new Pair(((ulong)rank << 32) | (uint)left, right, lengths[left] + lengths[right]);
        var at = heapCount++;
        while (at > 0 && pair.Key < heap[(at - 1) / 2].Key)
        {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        heap[at] = pair;
    }

    /// <summary>Takes the best pair that still stands and joins its right symbol to the left one.</summary>
    /// <param name="left">The joined symbol.</param>
    /// <param name="right">The symbol that is gone.</param>
    /// <returns>False when nothing is left to merge.</returns>
    public bool MergeNext(out int left, out int right)
    {
        while (heapCount > 0)
        {
            Look();
            var pair = Pop();
            left = (int)(uint)pair.Key;
            right = pair.Right;
            if (lengths[left] == 0 || lengths[right] == 0 || lengths[left] + lengths[right] != pair.Length)
            {
                continue;
            }

            lengths[left] += lengths[right];
            lengths[right] = 0;
            next[left] = next[right];
            if (next[right] >= 0)
            {
                previous[next[right]] = left;
            }

            return true;
        }

        left = right = -1;
        return false;
    }

    public void Dispose()
    {
        Release();
        ReturnHeap();
        heap = [];
    }

    private void Look()
    {
        if (--pairsUntilLook == 0)
        {
            pairsUntilLook = PairsBetweenLooks;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private Pair Pop()
    {
        var top = heap[0];
        var last = heap[--heapCount];
        var at = 0;
        while (2 * at + 1 < heapCount)
        {
            var child = 2 * at + 1;
            if (child + 1 < heapCount && heap[child + 1].Key < heap[child].Key)
            {
                child++;
            }

            if (last.Key <= heap[child].Key)
            {
                break;
            }

            heap[at] = heap[child];
            at = child;
        }

        heap[at] = last;
        return top;
    }

    private void Release()
    {
        foreach (var array in (ReadOnlySpan<int[]>)[lengths, previous, next])
        {
            if (array.Length > 0)
            {
                ArrayPool<int>.Shared.Return(array);
            }
        }

        lengths = previous = next = [];
    }

    private void ReturnHeap()
    {
        if (heap.Length > 0)
        {
            ArrayPool<Pair>.Shared.Return(heap);
        }
    }

    /// <param name="Key">(rank &lt;&lt; 32) | left symbol: also the order.</param>
    /// <param name="Right">The right symbol.</param>
    /// <param name="Length">Of both together when the pair was queued.</param>
    private readonly record struct Pair(ulong Key, int Right, int Length);
}
