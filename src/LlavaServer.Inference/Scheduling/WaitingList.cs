namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Sequences of one model that wait for a slot: first those that lost theirs (set back, or their engine died), then new ones in order of arrival.
/// Owned by the scheduler thread; what is left at the scheduler's end goes to the next one.
/// </summary>
internal sealed class WaitingList(SchedulerContext context, IEnumerable<Sequence> waiting)
{
    private readonly List<Sequence> _sequences = [.. waiting];

    public IReadOnlyList<Sequence> Sequences => _sequences;

    public int Count => _sequences.Count;

    /// <summary>Takes in what request threads put into the queue.</summary>
    public void TakeIn()
    {
        while (context.Queue.Sequences.TryRead(out var sequence))
        {
            var index = _sequences.Count;
            while (index > 0 && !_sequences[index - 1].IsAdmitted && _sequences[index - 1].Place.Number > sequence.Place.Number)
            {
                index--;
            }

            _sequences.Insert(index, sequence);
        }
    }

    /// <summary>Takes a sequence back that lost its slot: it goes before all that never had one, and before younger ones that had.</summary>
    public void SetBack(Sequence sequence)
    {
        var index = 0;
        while (index < _sequences.Count && _sequences[index].IsAdmitted && _sequences[index].Place.Number < sequence.Place.Number)
        {
            index++;
        }

        _sequences.Insert(index, sequence);
    }

    /// <summary>Drops sequences whose clients left or whose time is over.</summary>
    public void Sweep()
    {
        for (var i = _sequences.Count - 1; i >= 0; i--)
        {
            if (IsOver(_sequences[i]))
            {
                _sequences.RemoveAt(i);
            }
        }
    }

    /// <summary>Moves the first sequence from the waiting to the running ones; null if its client left meanwhile.</summary>
    public Sequence? TryAdmitFirst()
    {
        var sequence = _sequences[0];
        _sequences.RemoveAt(0);
        if (!sequence.Place.TryAdmit())
        {
            Drop(sequence);
            return null;
        }

        return sequence;
    }

    private bool IsOver(Sequence sequence)
    {
        var options = context.Options;
        if (sequence.IsCancelled)
        {
            Drop(sequence);
            return true;
        }

        if (sequence.IsAdmitted)
        {
            if (!sequence.IsOverTime(options.Limits.RequestTime))
            {
                return false;
            }

            sequence.Finish(FinishReason.Length);
            sequence.Leave(context, "ok");
            return true;
        }

        if (context.Time.GetElapsedTime(sequence.Place.ReservedAt) <= options.Queue.MaxWait || sequence.Place.HasBegun)
        {
            return false;
        }

        context.Metrics.QueueRejected(context.Model, "timeout");
        sequence.Fail(QueueErrors.WaitedTooLong(options.Queue.MaxWait, context.Queue.RetryAfter));
        sequence.Place.Dispose();
        return true;
    }

    private void Drop(Sequence sequence)
    {
        if (sequence.IsAdmitted)
        {
            sequence.Leave(context, "cancelled");
        }
        else
        {
            context.Metrics.Left(context.Model, sequence.Request.Api);
            sequence.Place.Dispose();
        }
    }
}
