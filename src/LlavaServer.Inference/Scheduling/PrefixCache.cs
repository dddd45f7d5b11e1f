using System.Diagnostics;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The sequence ids of one engine and the memory behind them. A new sequence begins with the longest beginning that any other stored, running or
/// ended, whoever asked; what ended sequences leave is kept until ids or memory are needed, least recently used out, from the ends of paths. Scheduler
/// thread; begins with the engine and ends with it.
/// </summary>
internal sealed class PrefixCache
{
    // Forgotten at once, so that a long prompt does not ask for room block by block.
    private const int FewestPositionsEvicted = 256;

    private readonly IInferenceEngine _engine;
    private readonly PrefixTree _tree = new();
    private readonly PrefixItems _items = new();
    private readonly Slot[] _slots;
    private readonly int _mostRunning;
    private int _running;
    private long _now;

    /// <param name="engine">Its sequence ids are this cache's.</param>
    /// <param name="mostRunning">Sequences that run together; the other ids only keep.</param>
    public PrefixCache(IInferenceEngine engine, int mostRunning)
    {
        _engine = engine;
        _slots = new Slot[engine.Info.SequenceCount];
        _mostRunning = Math.Min(mostRunning, _slots.Length);
        for (var i = 0; i < _slots.Length; i++)
        {
            _slots[i] = _tree.NewSlot(i);
        }
    }

    public IReadOnlyList<Slot> Slots => _slots;

    public bool HasFreeSlot => _running < _mostRunning;

    public PrefixTree Tree => _tree;

    /// <summary>Whether memory for all that a sequence has to store would be left beside the running ones, when they are prefilled.</summary>
    public bool HasRoomFor(Sequence sequence, List<Slot> running)
    {
        var positions = (long)_tree.RunningBlockCount * PrefixNode.Size;
        foreach (var slot in running)
        {
            positions += slot.RestLength + Math.Max(0, slot.Sequence!.Length - Math.Max(slot.Length, slot.LeaderLength));
        }

        var left = _engine.Info.KVPositions - positions;
        return left >= sequence.Length + PrefixNode.Size
            || (sequence.Request.ReusesPrompt && left + _tree.RunningLength(_items.Of(sequence)) >= sequence.Length + PrefixNode.Size);
    }

    /// <summary>
    /// Gives a sequence a slot with the longest beginning that is stored. If a running one is computing a longer common beginning, the slot waits for it.
    /// At least the last position is left to be computed, for its logits. A sequence that takes nothing over gets an empty slot.
    /// </summary>
    public Slot Assign(Sequence sequence, List<Slot> running)
    {
        _now++;
        _running++;
        var items = _items.Of(sequence)[..^1];
        var (source, length) = sequence.Request.ReusesPrompt ? _tree.Find(items, _now) : (null, 0);
        var slot = source is { Sequence: null } && source.Length == length ? source : Take(source);
        if (slot != source && length > 0)
        {
            _engine.CopySequence(source!.Id, slot.Id, length);
            _tree.Share(source, slot, length);
        }
        else if (slot.Length > length)
        {
            Truncate(slot, length);
        }

        _tree.SetSequence(slot, sequence);
        Found(sequence, length);
        FindLeader(slot, running);
        return slot;
    }

    /// <summary>A slot that waited for another one's beginning takes it over, and goes on by itself unless a third one computes more of it.</summary>
    public void Join(Slot slot, List<Slot> running)
    {
        var sequence = slot.Sequence!;
        var (source, length) = _tree.Find(_items.Of(sequence)[..^1], ++_now);
        if (length > slot.Length)
        {
            _engine.CopySequence(source!.Id, slot.Id, length);
            _tree.Truncate(slot, 0);
            _tree.Share(source, slot, length);
            Found(sequence, length);
        }

        FindLeader(slot, running);
    }

    /// <summary>A step stored the next rows of a slot's sequence.</summary>
    public void Computed(Slot slot, int rows)
    {
        var sequence = slot.Sequence!;
        for (var i = 0; i < rows; i++)
        {
            _tree.Append(slot, _items.At(sequence, sequence.ComputedTokens + i), _now);
        }

        sequence.ComputedTokens += rows;
    }

    /// <summary>No sequence runs in a slot any more; what it stored is kept, unless another slot holds it too.</summary>
    public void Release(Slot slot)
    {
        _running--;
        slot.Follow(null, 0);
        _tree.SetSequence(slot, null);
        PrefixTree.Touch(slot, ++_now);
        foreach (var idle in _slots)
        {
            if (idle is { Sequence: null, Length: > 0 } && PrefixTree.IsCovered(idle))
            {
                Truncate(idle, 0);
            }
        }
    }

    /// <summary>Forgets what was kept and not used for longest, about so many positions. False: nothing is kept.</summary>
    public bool Evict(int positions)
    {
        Slot? victim = null;
        foreach (var slot in _slots)
        {
            if (slot is { Sequence: null, Length: > 0 } && (victim is null || EndUsed(slot) < EndUsed(victim)))
            {
                victim = slot;
            }
        }

        if (victim is null)
        {
            return false;
        }

        var age = EndUsed(victim);
        var length = victim.End.Length;
        var fewest = victim.Length - Math.Max(positions, FewestPositionsEvicted);
        for (var node = victim.End; length > fewest && node.LastUsed <= age && IsOnlyOf(victim, node); node = node.Parent!)
        {
            length = node.Length - PrefixNode.Size;
        }

        // At a fork nothing is left that is its own.
        Truncate(victim, length < victim.Length ? length : 0);
        if (victim.Length > 0 && PrefixTree.IsCovered(victim))
        {
            Truncate(victim, 0);
        }

        return true;
    }

    [Conditional("DEBUG")]
    public void AssertIdle() => PrefixInvariants.AssertIdle(_tree, _slots);

    private static void Found(Sequence sequence, int length)
    {
        sequence.ComputedTokens = length;
        if (!sequence.WasSetBack)
        {
            sequence.CachedTokens = length;
        }
    }

    private static long EndUsed(Slot slot) => slot.RestLength > 0 ? slot.LastUsed : slot.End.LastUsed;

    private static bool IsOnlyOf(Slot slot, PrefixNode node) =>
        node.Parent is not null && (node == slot.End ? node.Children.Count == 0 && node.Ends.Count == 1 : node.Children.Count == 1 && node.Ends.Count == 0);

    // When the first block that nobody else holds was used: what would be lost with the whole slot.
    private static long OwnUsed(Slot slot)
    {
        var used = slot.RestLength > 0 || slot.Length == 0 ? slot.LastUsed : 0;
        for (var node = slot.End; IsOnlyOf(slot, node); node = node.Parent!)
        {
            used = node.LastUsed;
        }

        return used;
    }

    // An empty slot, or the one whose loss costs least; the source itself if there is no other.
    private Slot Take(Slot? source)
    {
        Slot? victim = null;
        foreach (var slot in _slots)
        {
            if (slot.Sequence is not null || slot == source)
            {
                continue;
            }

            if (slot.Length == 0)
            {
                return slot;
            }

            if (victim is null || OwnUsed(slot) < OwnUsed(victim))
            {
                victim = slot;
            }
        }

        if (victim is null)
        {
            return source!;
        }

        Truncate(victim, 0);
        return victim;
    }

    private void Truncate(Slot slot, int length)
    {
        _engine.RemoveSequence(slot.Id, length);
        _tree.Truncate(slot, length);
    }

    // Worth waiting for from a block on. A leader is never one that waits itself, so nobody waits in a circle.
    private static void FindLeader(Slot slot, List<Slot> running)
    {
        slot.Follow(null, 0);
        var sequence = slot.Sequence!;
        if (!sequence.Request.ReusesPrompt)
        {
            return;
        }

        var longest = sequence.ComputedTokens + PrefixNode.Size - 1;
        foreach (var other in running)
        {
            if (other == slot || other.IsFollowing || other.Sequence!.IsPrefilled || other.Sequence.Request.Scope != sequence.Request.Scope)
            {
                continue;
            }

            var common = Math.Min(other.Sequence.Prompt.CommonPrefix(sequence.Prompt), sequence.Length - 1);
            if (common > longest && other.Sequence.ComputedTokens < common)
            {
                longest = common;
                slot.Follow(other, common);
            }
        }
    }
}
