using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Scheduling;

/// <content>How sequences leave their slots: ended, for want of memory, or because the engine died.</content>
internal sealed partial class Scheduler
{
    private bool _isShortOfMemory;
    private bool _isInStep;

    // Forgets what is kept for later; else plans again with half the prompt rows; if that leaves nothing to run, sets back the youngest sequence that
    // holds memory. The oldest is never set back, so there is always one that gets on. False: nothing is left to run in this step.
    private bool MakeRoom()
    {
        if (_cache.Evict(_planner.Batch.Count))
        {
            return true;
        }

        var promptRows = _planner.PromptRows;
        var mostPromptRows = promptRows / 2;
        if (promptRows == _planner.Batch.Count ? promptRows <= 1 : promptRows == 0)
        {
            mostPromptRows = int.MaxValue;
            var youngest = _running.FindLastIndex(s => s.Length > 0 || _planner.HasRowsOf(s));
            var slot = _running[youngest];
            if (youngest > 0)
            {
                _isShortOfMemory = true;
                SetBack(slot);
            }
            else
            {
                // Alone, with nothing cached, in memory that is less than a context: it ends as if that were full.
                slot.Sequence!.Finish(FinishReason.Length);
                Free(slot, "ok");
            }
        }

        _planner.Plan(_running, mostPromptRows);
        return _planner.Batch.Count > 0;
    }

    private void SetBack(Slot slot)
    {
        var sequence = slot.Sequence!;
        _running.Remove(slot);
        Lanes.Leave(slot.Sequence!);
        _cache.Release(slot);
        SetBack(sequence);
    }

    private void SetBack(Sequence sequence)
    {
        sequence.SetBack(_vision);
        _waiting.SetBack(sequence);
    }

    private void Free(Slot slot, string outcome)
    {
        var sequence = slot.Sequence!;
        _running.Remove(slot);
        Lanes.Leave(slot.Sequence!);
        _cache.Release(slot);
        _isShortOfMemory = false;
        Leave(sequence, outcome);
    }

    private void Leave(Sequence sequence, string outcome)
    {
        sequence.ReleaseImages(_vision);
        sequence.Leave(_context, outcome);
    }

    // The engine may be gone: nothing is asked of it any more, and what was cached ends with it.
    private void End(Exception? fault)
    {
        var died = _isStopping ? null : fault;
        foreach (var slot in _running)
        {
            var sequence = slot.Sequence!;
            var mayHaveKilled = (_isInStep && _planner.HasRowsOf(slot)) || sequence.EncodeFailure() is { EngineDied: true };
            if (died is null)
            {
                sequence.Fail(_stopReason ?? new InferenceException(InferenceError.ShuttingDown, "The server is shutting down."));
                Leave(sequence, "error");
            }
            else if (mayHaveKilled && sequence.IsSuspect)
            {
                // Present at two deaths: it is not tried a third time.
                sequence.Fail(EngineFaults.Of(died));
                Leave(sequence, "error");
            }
            else
            {
                if (mayHaveKilled)
                {
                    sequence.DiedWithEngine();
                }

                SetBack(sequence);
            }
        }

        _running.Clear();
        _watch.Dispose();
        Lanes.Clear();
        _vision?.Dispose();
        _engine.Dispose();
        _waiting.TakeIn();
        _context.Ended(_waiting.Sequences, died);
    }
}
