using System.Runtime.InteropServices;

namespace LlavaServer.Inference.Sampling;

/// <summary>The last n tokens of a sequence with their counts. Allocated once; owned by one sampler.</summary>
internal sealed class PenaltyHistory
{
    private readonly int[] _ring;
    private readonly Dictionary<int, int> _counts;
    private int _next;
    private int _length;

    public PenaltyHistory(int size)
    {
        _ring = new int[size];
        _counts = new Dictionary<int, int>(size + 1);
    }

    public Dictionary<int, int> Counts => _counts;

    public void Add(int tokenId)
    {
        if (_length == _ring.Length)
        {
            Forget(_ring[_next]);
        }
        else
        {
            _length++;
        }

        _ring[_next] = tokenId;
        _next = (_next + 1) % _ring.Length;
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, tokenId, out _)++;
    }

    private void Forget(int tokenId)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, tokenId, out _);
        if (--count == 0)
        {
            _counts.Remove(tokenId);
        }
    }
}
