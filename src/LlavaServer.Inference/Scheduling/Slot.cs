using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// One sequence id of the engine: the sequence that runs in it, if any, and what the keys and values stored under it stand for, as a path of full
/// blocks and a rest. Owned by the scheduler thread; its place in the tree is kept by <see cref="PrefixTree"/>.
/// </summary>
internal sealed class Slot(SequenceId id, PrefixNode root)
{
    private Sequence? _leading;
    private int _leaderLength;

    public SequenceId Id { get; } = id;

    public Sequence? Sequence { get; set; }

    /// <summary>Last full block.</summary>
    public PrefixNode End { get; set; } = root;

    /// <summary>Items after the last full block; <see cref="RestLength"/> of them are used.</summary>
    public long[] RestItems { get; } = new long[PrefixNode.Size];

    public int RestLength { get; set; }

    public ReadOnlySpan<long> Rest => RestItems.AsSpan(0, RestLength);

    /// <summary>Positions stored in the engine.</summary>
    public int Length => End.Length + RestLength;

    /// <summary>When its last sequence ended.</summary>
    public long LastUsed { get; set; }

    /// <summary>The slot that is computing the beginning that this one waits for, or null.</summary>
    public Slot? Leader { get; private set; }

    /// <summary>Whether this slot waits for the beginning that another one computes.</summary>
    public bool IsFollowing => Leader is not null;

    /// <summary>The shared beginning is there, or will not come from this leader any more.</summary>
    public bool LeaderIsDone => Leader!.Sequence != _leading || _leading!.ComputedTokens >= _leaderLength;

    /// <summary>Positions of the beginning that this one waits for.</summary>
    public int LeaderLength => Leader is null ? 0 : _leaderLength;

    /// <summary>Waits until a leader has computed so many positions; null waits for nobody.</summary>
    public void Follow(Slot? leader, int length)
    {
        Leader = leader;
        _leading = leader?.Sequence;
        _leaderLength = length;
    }
}
