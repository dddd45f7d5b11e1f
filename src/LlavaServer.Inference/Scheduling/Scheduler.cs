using System.Diagnostics;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The step loop of one loaded model, on its own thread, which alone touches engine, slots and sequences:
/// 1 take in new sequences, 2 drop those whose clients left or whose time is over, 3 admit waiting ones to free slots, 4 plan a batch, 5 run it,
/// 6 sample and hand out text. Continuous batching as in Orca (Yu et al. 2022), prompts in chunks as in Sarathi (Agrawal et al. 2023).
/// </summary>
internal sealed class Scheduler
{
    // Deadlines are looked at this often while nothing can be computed.
    private static readonly TimeSpan BlockedWait = TimeSpan.FromMilliseconds(20);

    private readonly SchedulerContext _context;
    private readonly IInferenceEngine _engine;
    private readonly RequestQueue _queue;
    private readonly TimeProvider _time;
    private readonly VisionWorker? _vision;
    private readonly SlotTable _slots;
    private readonly StepPlanner _planner;
    private readonly CandidateList _candidates;
    private readonly List<Sequence> _waiting;
    private readonly List<Slot> _running = [];
    private readonly Thread _thread;
    private volatile bool _isStopping;
    private long _step;

    /// <param name="engine">Owned from now on: disposed when the loop ends.</param>
    /// <param name="vision">Owned from now on; null for a text-only model.</param>
    /// <param name="waiting">Sequences left over from an earlier loop of the model, in order of arrival.</param>
    /// <param name="context">What the loop needs from outside.</param>
    public Scheduler(IInferenceEngine engine, VisionWorker? vision, IEnumerable<Sequence> waiting, SchedulerContext context)
    {
        _context = context;
        _engine = engine;
        _queue = context.Queue;
        _time = context.Time;
        _vision = vision;
        _slots = new SlotTable(engine);
        _planner = new StepPlanner(Math.Min(context.Options.Engine.StepRows, engine.Info.MaxBatchRows), context.Options.Engine.StepTime, context.Turns);
        _candidates = new CandidateList(engine.Info.VocabularySize);
        _waiting = [.. waiting];
        _thread = new Thread(Run) { Name = "scheduler " + context.Model, IsBackground = true };
    }

    /// <summary>Steps run so far.</summary>
    public long StepCount => Volatile.Read(ref _step);

    /// <summary>Pictures asked for that are not encoded yet.</summary>
    public int PendingEncodes => _vision?.PendingCount ?? 0;

    public void Start() => _thread.Start();

    /// <summary>Ends the loop after the present step; sequences that are not finished fail as shutting down. Returns when the engine is disposed.</summary>
    public void Stop()
    {
        _isStopping = true;
        _queue.Wake();
        _thread.Join();
    }

    private void Run()
    {
        Exception? fault = null;
        try
        {
            while (!_isStopping)
            {
                TakeIn();
                Sweep();
                Admit();
                Step();
            }
        }
        catch (Exception exception)
        {
            fault = exception;
        }

        End(fault);
    }

    private void TakeIn()
    {
        while (_queue.Sequences.TryRead(out var sequence))
        {
            var index = _waiting.Count;
            while (index > 0 && _waiting[index - 1].Place.Number > sequence.Place.Number)
            {
                index--;
            }

            _waiting.Insert(index, sequence);
        }
    }

    private void Sweep()
    {
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var sequence = _waiting[i];
            if (sequence.IsCancelled)
            {
                _waiting.RemoveAt(i);
                sequence.Place.Dispose();
            }
            else if (_time.GetElapsedTime(sequence.Place.ReservedAt) > _context.Options.Queue.MaxWait)
            {
                _waiting.RemoveAt(i);
                _context.Metrics.QueueRejected(_context.Model, "timeout");
                sequence.Fail(QueueErrors.WaitedTooLong(_context.Options.Queue.MaxWait, _queue.RetryAfter));
                sequence.Place.Dispose();
            }
        }

        for (var i = _running.Count - 1; i >= 0; i--)
        {
            var slot = _running[i];
            var sequence = slot.Sequence!;
            if (sequence.IsCancelled)
            {
                Free(slot, "cancelled");
            }
            else if (sequence.EncodeFailure() is { } failure)
            {
                sequence.Fail(failure);
                Free(slot, "error");
            }
            else if (_time.GetElapsedTime(sequence.Times.PrefillStarted!.Value) > _context.Options.Limits.RequestTime)
            {
                sequence.Finish(FinishReason.Length);
                Free(slot, "ok");
            }
        }
    }

    private void Admit()
    {
        while (_waiting.Count > 0 && _slots.HasFree)
        {
            var sequence = _waiting[0];
            _waiting.RemoveAt(0);
            if (!sequence.Place.TryAdmit())
            {
                continue;
            }

            var slot = _slots.Assign(sequence);
            _running.Add(slot);
            sequence.Times.PrefillStarted = sequence.Place.AdmittedAt;
            _context.Metrics.Admitted(_context.Model, _time.GetElapsedTime(sequence.Place.ReservedAt, sequence.Place.AdmittedAt));
            if (_vision is not null)
            {
                sequence.RequestImages(_vision);
            }
        }
    }

    private void Step()
    {
        _planner.Plan(_running, int.MaxValue);
        if (_planner.Batch.Count == 0)
        {
            Debug.Assert(_running.Count > 0 || _slots.Slots.All(s => s.Sequence is null), "An idle scheduler holds no sequence.");
            _queue.Wait(_running.Count + _waiting.Count > 0 ? BlockedWait : Timeout.InfiniteTimeSpan);
            return;
        }

        var answers = _planner.AnswersSomeone;
        if (answers)
        {
            _context.Turns.BeginStep();
        }

        try
        {
            RunBatch();
        }
        finally
        {
            if (answers)
            {
                _context.Turns.EndStep(_planner.Slice);
            }
        }
    }

    private void RunBatch()
    {
        var started = _time.GetTimestamp();
        while (_engine.Decode(_planner.Batch) == DecodeStatus.NoSpace)
        {
            if (!MakeRoom())
            {
                return;
            }
        }

        _planner.Measured(_time.GetElapsedTime(started));
        Volatile.Write(ref _step, _step + 1);
        _context.Metrics.Stepped(_context.Model, _planner.Planned.Count);
        foreach (var (slot, rows) in _planner.Planned)
        {
            SlotTable.Computed(slot, rows, _step);
        }

        foreach (var (slot, row) in _planner.Sampled)
        {
            Sample(slot, row);
        }
    }

    // Plans again with half the prompt rows; if there are none, the youngest sequence ends as if its context were full. False: nothing left to run.
    private bool MakeRoom()
    {
        var promptRows = _planner.PromptRows;
        if (promptRows == 0)
        {
            var slot = _planner.Planned[^1].Slot;
            slot.Sequence!.Finish(FinishReason.Length);
            _engine.RemoveSequence(slot.Id, 0);
            slot.Truncate(0);
            Free(slot, "ok");
        }

        _planner.Plan(_running, promptRows / 2);
        return _planner.Batch.Count > 0;
    }

    private void Sample(Slot slot, int row)
    {
        var sequence = slot.Sequence!;
        if (sequence.Times.FirstToken is null)
        {
            sequence.Times.FirstToken = _time.GetTimestamp();
            _context.Metrics.FirstToken(_context.Model, _time.GetElapsedTime(sequence.Place.ReservedAt));
        }

        if (sequence.Request.MaxTokens <= 0)
        {
            sequence.Finish(FinishReason.Length);
        }
        else
        {
            sequence.Append(sequence.Request.Sampler.Sample(_engine.Logits(row), _candidates));
        }

        if (sequence.IsFinished)
        {
            Free(slot, "ok");
        }
    }

    private void Free(Slot slot, string outcome)
    {
        var sequence = slot.Sequence!;
        sequence.ReleaseImages(_vision);
        sequence.Place.Dispose();
        slot.Sequence = null;
        _running.Remove(slot);
        _context.Metrics.Ended(_context.Model, outcome, sequence.Times.ToTimings(sequence.Place, _time), sequence.Usage());
    }

    private void End(Exception? fault)
    {
        var failure = fault is null
            ? new InferenceException(InferenceError.ShuttingDown, "The server is shutting down.")
            : fault as InferenceException ?? new InferenceException(InferenceError.EngineFailed, "The engine failed.", fault);
        while (_running.Count > 0)
        {
            var slot = _running[^1];
            slot.Sequence!.Fail(failure);
            Free(slot, "error");
        }

        _vision?.Dispose();
        _engine.Dispose();
        TakeIn();
        _context.Ended(_waiting, fault);
    }
}
