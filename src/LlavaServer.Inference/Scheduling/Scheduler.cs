using System.Diagnostics;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The step loop of one loaded model, on its own thread, which alone touches engine, slots and sequences:
/// 1 take in new sequences, 2 drop those whose clients left or whose time is over, 3 admit waiting ones to free slots, 4 plan a batch, 5 run it,
/// 6 sample and hand out text. Continuous batching as in Orca (Yu et al. 2022), prompts in chunks as in Sarathi (Agrawal et al. 2023), the youngest
/// sequence set back when memory runs out as in vLLM (Kwon et al. 2023). When the engine dies, its sequences wait for the next loop and go on there.
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
    private readonly WaitingList _waiting;
    private readonly List<Slot> _running = [];
    private readonly Thread _thread;
    private volatile bool _isStopping;
    private bool _isShortOfMemory;
    private bool _isInStep;
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
        _waiting = new WaitingList(context, waiting);
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
                _waiting.TakeIn();
                _waiting.Sweep();
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

    private void Sweep()
    {
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
                if (failure.EngineDied)
                {
                    throw failure;
                }

                sequence.Fail(failure);
                Free(slot, "error");
            }
            else if (sequence.IsOverTime(_context.Options.Limits.RequestTime))
            {
                sequence.Finish(FinishReason.Length);
                Free(slot, "ok");
            }
        }
    }

    // After a set-back nobody is admitted until a running sequence ends: what was set back would only be set back again.
    private void Admit()
    {
        while (_waiting.Count > 0 && _slots.HasFree && !(_isShortOfMemory && _running.Count > 0))
        {
            if (_waiting.TryAdmitFirst() is not { } sequence)
            {
                continue;
            }

            var slot = _slots.Assign(sequence);
            AddRunning(slot);
            if (!sequence.IsAdmitted)
            {
                sequence.Times.PrefillStarted = sequence.Place.AdmittedAt;
                _context.Metrics.Admitted(_context.Model, _time.GetElapsedTime(sequence.Place.ReservedAt, sequence.Place.AdmittedAt));
            }

            if (_vision is not null)
            {
                sequence.RequestImages(_vision);
            }
        }
    }

    // In order of arrival, also if the sequence was set back.
    private void AddRunning(Slot slot)
    {
        var index = _running.Count;
        while (index > 0 && _running[index - 1].Sequence!.Place.Number > slot.Sequence!.Place.Number)
        {
            index--;
        }

        _running.Insert(index, slot);
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
        _isInStep = true;
        while (_engine.Decode(_planner.Batch) == DecodeStatus.NoSpace)
        {
            if (!MakeRoom())
            {
                _isInStep = false;
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

        _isInStep = false;
    }

    // Forgets what is kept for later; else plans again with half the prompt rows; if that leaves nothing to run, sets back the youngest sequence that
    // holds memory. The oldest is never set back, so there is always one that gets on. False: nothing is left to run in this step.
    private bool MakeRoom()
    {
        if (_slots.ForgetOldest())
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
            _slots.Forget(slot);
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
        slot.Sequence = null;
        _running.Remove(slot);
        sequence.SetBack(_vision);
        _waiting.SetBack(sequence);
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
        slot.Sequence = null;
        _running.Remove(slot);
        _isShortOfMemory = false;
        sequence.Leave(_context, outcome);
    }

    private void End(Exception? fault)
    {
        var died = _isStopping ? null : fault;
        while (_running.Count > 0)
        {
            var slot = _running[^1];
            var sequence = slot.Sequence!;
            if (died is null)
            {
                sequence.Fail(new InferenceException(InferenceError.ShuttingDown, "The server is shutting down."));
                Free(slot, "error");
            }
            else if (MayHaveKilled(slot) && sequence.IsSuspect)
            {
                // Present at two deaths: it is not tried a third time.
                sequence.Fail(died as InferenceException ?? new InferenceException(InferenceError.EngineFailed, "The engine failed.", died));
                Free(slot, "error");
            }
            else
            {
                if (MayHaveKilled(slot))
                {
                    sequence.DiedWithEngine();
                }

                SetBack(slot);
            }
        }

        _vision?.Dispose();
        _engine.Dispose();
        _waiting.TakeIn();
        _context.Ended(_waiting.Sequences, died);
    }

    // It had rows in the step in which the engine died, or a picture that it was encoding.
    private bool MayHaveKilled(Slot slot) => (_isInStep && _planner.HasRowsOf(slot)) || slot.Sequence!.EncodeFailure() is { EngineDied: true };
}
