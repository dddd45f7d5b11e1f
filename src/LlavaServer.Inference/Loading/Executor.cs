using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// One engine of a model in memory, with the queue and the scheduler that feed it. When the engine dies, its sequences stay here until it was loaded
/// again. Owned by its <see cref="ModelInstance"/>; thread-safe.
/// </summary>
internal sealed class Executor(
    ModelEntry entry, ModelText text, EngineLoadOptions options, QueuePlaces places, int slots, ModelLoader loader, Action<Executor, InferenceException> died)
{
    private readonly Lock _lock = new();
    private List<Sequence> _leftOver = [];
    private Scheduler? _scheduler;
    private InferenceException? _end;
    private int _sequenceCount;

    public RequestQueue Queue { get; } = new(places);

    /// <summary>What its engine was asked lately.</summary>
    public PromptIndex Prompts { get; } = new(Math.Max(1, options.SequenceCount * (options.ContextLength / PrefixNode.Size)));

    /// <summary>Whether another sequence would not wait.</summary>
    public bool HasFreeSlot => SequenceCount < slots;

    /// <summary>The present one, or the last.</summary>
    public Scheduler Scheduler => _scheduler!;

    /// <summary>Whether its engine has work and gets nowhere with it.</summary>
    public bool IsStalled => Volatile.Read(ref _scheduler)?.IsStalled == true;

    /// <summary>Sequences that were handed over and are not released.</summary>
    public int SequenceCount => Volatile.Read(ref _sequenceCount);

    /// <summary>Loads the engine, for the first time or after its death, and starts its scheduler. Throws <see cref="InferenceException"/>.</summary>
    public EngineInfo Start(IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var (scheduler, info) = loader.LoadEngine(entry, text, options, Queue, TakeLeftOver, Ended, progress, cancellationToken);
        bool isOver;
        lock (_lock)
        {
            _scheduler = scheduler;
            isOver = _end is not null;
            scheduler.Start();
        }

        if (isOver)
        {
            scheduler.Stop(_end!);
            FailLeftOver();
        }

        return info;
    }

    /// <summary>Hands a sequence to the scheduler, or to the next one if the engine died meanwhile.</summary>
    public void Enqueue(Sequence sequence)
    {
        InferenceException end;
        lock (_lock)
        {
            if (_end is null)
            {
                Queue.Enqueue(sequence);
                return;
            }

            end = _end;
        }

        sequence.Fail(end);
        sequence.Place.Dispose();
    }

    public void Begin(int sequences) => Interlocked.Add(ref _sequenceCount, sequences);

    public void End(int sequences) => Interlocked.Add(ref _sequenceCount, -sequences);

    /// <summary>Ends scheduler and engine after the present step; sequences that are not finished fail. Returns when the engine is gone.</summary>
    public void Stop(InferenceException reason)
    {
        Scheduler? scheduler;
        lock (_lock)
        {
            _end ??= reason;
            scheduler = _scheduler;
        }

        scheduler?.Stop(reason);
        FailLeftOver();
    }

    private List<Sequence> TakeLeftOver()
    {
        lock (_lock)
        {
            (var leftOver, _leftOver) = (_leftOver, []);
            return leftOver;
        }
    }

    // On the scheduler thread, as its last act.
    private void Ended(IReadOnlyList<Sequence> waiting, Exception? fault)
    {
        lock (_lock)
        {
            _leftOver.AddRange(waiting);
        }

        Prompts.Clear();

        if (fault is not null)
        {
            died(this, EngineFaults.Of(fault));
        }
    }

    private void FailLeftOver()
    {
        var waiting = TakeLeftOver();
        while (Queue.Sequences.TryRead(out var sequence))
        {
            waiting.Add(sequence);
        }

        foreach (var sequence in waiting)
        {
            sequence.Fail(_end!);
            sequence.Place.Dispose();
        }
    }
}
