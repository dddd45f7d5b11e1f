using System.Diagnostics.CodeAnalysis;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The step loop of one loaded model, on its own thread, which alone touches engine, slots and sequences:
/// 1 take in new sequences, 2 drop those whose clients left or whose time is over, 3 admit waiting ones to free slots, 4 plan a batch, 5 run it,
/// 6 sample and hand out text. Continuous batching as in Orca (Yu et al. 2022), prompts in chunks as in Sarathi (Agrawal et al. 2023), the youngest
/// sequence set back when memory runs out as in vLLM (Kwon et al. 2023). When the engine dies, its sequences wait for the next loop and go on there.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "What it owns ends with its loop, on the loop's thread.")]
internal sealed partial class Scheduler
{
    // Deadlines are looked at this often while nothing can be computed.
    private static readonly TimeSpan BlockedWait = TimeSpan.FromMilliseconds(20);

    private readonly SchedulerContext _context;
    private readonly IInferenceEngine _engine;
    private readonly RequestQueue _queue;
    private readonly TimeProvider _time;
    private readonly VisionWorker? _vision;
    private readonly PrefixCache _cache;
    private readonly StepPlanner _planner;
    private readonly CandidateList _candidates;
    private readonly WaitingList _waiting;
    private readonly StepWatch _watch;
    private readonly List<Slot> _running = [];
    private readonly Thread _thread;
    private volatile bool _isStopping;
    private InferenceException? _stopReason;
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
        _cache = new PrefixCache(engine, context.Options.Engine.Slots);
        _planner = new StepPlanner(Math.Min(context.Options.Engine.StepRows, engine.Info.MaxBatchRows), context.Options.Engine.StepTime, context.Turns);
        _candidates = new CandidateList(engine.Info.VocabularySize);
        Lanes = new SlotLanes(context.Options.Engine.Slots);
        _waiting = new WaitingList(context, waiting);
        _watch = new StepWatch(context.Options.Engine.StepTimeout, vision, context.Time, Stalled);
        _thread = new Thread(Run) { Name = "scheduler " + context.Model, IsBackground = true };
    }

    /// <summary>Steps run so far.</summary>
    public long StepCount => Volatile.Read(ref _step);

    /// <summary>Whether work is there and the engine gets nowhere with it. Any thread.</summary>
    public bool IsStalled => _watch.Stalled is not null;

    /// <summary>Pictures asked for that are not encoded yet.</summary>
    public int PendingEncodes => _vision?.PendingCount ?? 0;

    /// <summary>Share of the positions for keys and values that whole blocks of running and kept sequences take, 0 to 1. Any thread.</summary>
    public double KVUsage => Math.Min(1, (double)_cache.Tree.BlockCount * PrefixNode.Size / _engine.Info.KVPositions);

    /// <summary>What runs, to be looked at from any thread.</summary>
    public SlotLanes Lanes { get; }

    /// <summary>Belongs to the scheduler thread; others may look at it while the model is idle.</summary>
    internal PrefixCache Cache => _cache;

    public void Start() => _thread.Start();

    /// <summary>Ends the loop after the present step; sequences that are not finished fail with the reason. Returns when the engine is disposed.</summary>
    public void Stop(InferenceException reason)
    {
        _stopReason ??= reason;
        _isStopping = true;
        _queue.Wake();
        _thread.Join();
    }

    private void Run()
    {
        Exception? fault = null;
        try
        {
            _watch.Alive();
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

    private void Admit()
    {
        while (_waiting.Count > 0 && _cache.HasFreeSlot && HasRoomFor(_waiting.Sequences[0]))
        {
            if (_waiting.TryAdmitFirst() is not { } sequence)
            {
                continue;
            }

            var slot = _cache.Assign(sequence, _running);
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

    // After a set-back nobody is admitted until a running sequence ends: what was set back would only be set back again.
    private bool HasRoomFor(Sequence sequence) => _running.Count == 0 || (!_isShortOfMemory && _cache.HasRoomFor(sequence, _running));

    // In order of arrival, also if the sequence was set back.
    private void AddRunning(Slot slot)
    {
        var index = _running.Count;
        while (index > 0 && _running[index - 1].Sequence!.Place.Number > slot.Sequence!.Place.Number)
        {
            index--;
        }

        _running.Insert(index, slot);
        Lanes.Enter(slot.Sequence!);
    }

    private void Step()
    {
        foreach (var slot in _running)
        {
            if (slot.IsFollowing && slot.LeaderIsDone)
            {
                _cache.Join(slot, _running);
            }
        }

        _planner.Plan(_running, int.MaxValue);
        if (_planner.Batch.Count == 0)
        {
            Wait();
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

        _watch.Alive();
    }

    // Nothing can be computed now.
    private void Wait()
    {
        if (_running.Count == 0)
        {
            _cache.AssertIdle();
            if (_waiting.Count == 0)
            {
                _watch.Idle();
                _queue.Wait(Timeout.InfiniteTimeSpan);
                _watch.Alive();
                return;
            }
        }

        if (PendingEncodes > 0 || _running.Exists(static slot => slot.Sequence!.Output.IsFull))
        {
            _watch.Alive();
        }

        _queue.Wait(BlockedWait);
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
        foreach (var (slot, row) in _planner.Embedded)
        {
            slot.Sequence!.Request.Pool!.Add(_engine.Embedding(row));
        }

        foreach (var (slot, rows) in _planner.Planned)
        {
            _cache.Computed(slot, rows);
            if (slot.Sequence is { Request.Pool: not null } embedded && embedded.ComputedTokens == embedded.Length)
            {
                embedded.FinishEmbedding();
                Free(slot, "ok");
            }
        }

        foreach (var (slot, row) in _planner.Sampled)
        {
            Sample(slot, row);
        }

        _isInStep = false;
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
            var logits = _engine.Logits(row);
            var token = sequence.Request.Sampler.Sample(logits, _candidates);

            // Not a number wins only where no other logit is one; infinity always does. Damaged weights make such logits.
            if (!float.IsFinite(logits[token]))
            {
                sequence.Fail(new InferenceException(InferenceError.EngineFailed, "The model computed logits that are no numbers; its weights may be damaged."));
                Free(slot, "error");
                return;
            }

            sequence.Append(token, logits);
        }

        if (sequence.IsFinished)
        {
            Free(slot, "ok");
        }
    }
}
