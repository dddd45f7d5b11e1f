using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Scheduling;

/// <summary>All slots of one engine, and the choice of a slot for a new sequence. Owned by the scheduler thread.</summary>
internal sealed class SlotTable
{
    private readonly IInferenceEngine _engine;
    private readonly Slot[] _slots;

    public SlotTable(IInferenceEngine engine)
    {
        _engine = engine;
        _slots = new Slot[engine.Info.SequenceCount];
        for (var i = 0; i < _slots.Length; i++)
        {
            _slots[i] = new Slot(new SequenceId(i), engine.Info.ContextLength);
        }
    }

    public IReadOnlyList<Slot> Slots => _slots;

    public bool HasFree => Array.Exists(_slots, s => s.Sequence is null);

    /// <summary>
    /// Gives a sequence the free slot that holds the longest beginning of its prompt. If a busy slot holds more, that beginning is copied into the
    /// free slot that was used least recently. At least the last prompt position is left to be computed, for its logits.
    /// </summary>
    public Slot Assign(Sequence sequence)
    {
        var prompt = sequence.Prompt;
        Slot? free = null;
        Slot? oldest = null;
        Slot? busy = null;
        var (freePrefix, busyPrefix) = (0, 0);
        foreach (var slot in _slots)
        {
            var prefix = Math.Min(slot.CommonPrefix(prompt), prompt.Length - 1);
            if (slot.Sequence is not null)
            {
                if (prefix > busyPrefix)
                {
                    (busy, busyPrefix) = (slot, prefix);
                }

                continue;
            }

            if (oldest is null || slot.LastUsed < oldest.LastUsed)
            {
                oldest = slot;
            }

            if (prefix > freePrefix)
            {
                (free, freePrefix) = (slot, prefix);
            }
        }

        free ??= oldest!;
        if (busy is not null && busyPrefix > freePrefix)
        {
            free = oldest!;
            _engine.CopySequence(busy.Id, free.Id, busyPrefix);
            free.CopyFrom(busy, busyPrefix);
            freePrefix = busyPrefix;
        }
        else if (free.Length > freePrefix)
        {
            _engine.RemoveSequence(free.Id, freePrefix);
            free.Truncate(freePrefix);
        }

        free.Sequence = sequence;
        sequence.CachedTokens = sequence.IsAdmitted ? sequence.CachedTokens : freePrefix;
        sequence.ComputedTokens = freePrefix;
        return free;
    }

    /// <summary>Empties the free slot that was used least recently; false if all free slots are empty.</summary>
    public bool ForgetOldest()
    {
        Slot? oldest = null;
        foreach (var slot in _slots)
        {
            if (slot is { Sequence: null, Length: > 0 } && (oldest is null || slot.LastUsed < oldest.LastUsed))
            {
                oldest = slot;
            }
        }

        if (oldest is not null)
        {
            Forget(oldest);
        }

        return oldest is not null;
    }

    /// <summary>Empties a slot.</summary>
    public void Forget(Slot slot)
    {
        _engine.RemoveSequence(slot.Id, 0);
        slot.Truncate(0);
    }

    /// <summary>Takes over what a step stored: the next rows of the slot's sequence.</summary>
    public static void Computed(Slot slot, int rows, long step)
    {
        var sequence = slot.Sequence!;
        var prompt = sequence.Prompt;
        for (var i = 0; i < rows; i++)
        {
            var position = sequence.ComputedTokens + i;
            var tokenId = sequence.TokenAt(position);
            if (tokenId != Prompt.ImageRow)
            {
                slot.Add(tokenId);
            }
            else
            {
                slot.AddImageRow(ImageAt(prompt, position));
            }
        }

        sequence.ComputedTokens += rows;
        slot.LastUsed = step;
    }

    private static PromptImage ImageAt(Prompt prompt, int position)
    {
        foreach (var image in prompt.Images)
        {
            if (position < image.Start + image.RowCount)
            {
                return image;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(position));
    }
}
