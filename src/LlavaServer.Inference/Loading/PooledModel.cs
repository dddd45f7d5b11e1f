using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// One model of the pool, loaded or not: its queue, which outlives every engine, and the task that loads it. One load serves all who wait; when the
/// engine dies, the sequences that were not admitted wait for the next load, which starts at once if there are any. Thread-safe.
/// </summary>
internal sealed class PooledModel : IDisposable
{
    private readonly ModelLoader _loader;
    private readonly Action<LoadedModel> _loaded;
    private readonly Action<Exception> _faulted;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private List<Sequence> _leftOver = [];
    private Task<LoadedModel>? _loading;
    private bool _isDisposed;

    /// <param name="entry">The model.</param>
    /// <param name="queue">Its queue.</param>
    /// <param name="loader">Loads it.</param>
    /// <param name="loaded">Told after every load.</param>
    /// <param name="faulted">Told when the engine died.</param>
    public PooledModel(ModelEntry entry, RequestQueue queue, ModelLoader loader, Action<LoadedModel> loaded, Action<Exception> faulted)
    {
        Entry = entry;
        Queue = queue;
        _loader = loader;
        _loaded = loaded;
        _faulted = faulted;
    }

    public ModelEntry Entry { get; }

    public RequestQueue Queue { get; }

    /// <summary>The model if it is in memory.</summary>
    public LoadedModel? Loaded
    {
        get
        {
            lock (_lock)
            {
                return _loading is { IsCompletedSuccessfully: true } ? _loading.Result : null;
            }
        }
    }

    /// <summary>The loaded model; the load itself goes on if the caller leaves.</summary>
    public Task<LoadedModel> GetAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return EnsureLoading().WaitAsync(cancellationToken);
        }
    }

    /// <summary>Hands a sequence to the scheduler, or to the next one if the engine died meanwhile.</summary>
    public void Enqueue(Sequence sequence)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                Queue.Enqueue(sequence);
                EnsureLoading();
                return;
            }
        }

        sequence.Fail(ShuttingDown());
        sequence.Place.Dispose();
    }

    /// <summary>Stops scheduler and engine; unfinished sequences fail as shutting down.</summary>
    public void Dispose()
    {
        Task<LoadedModel>? loading;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            loading = _loading;
        }

        _stopping.Cancel();
        try
        {
            loading?.GetAwaiter().GetResult().Scheduler.Stop();
        }
        catch (Exception exception) when (exception is InferenceException or OperationCanceledException)
        {
            // It was never loaded: its waiting sequences got the reason.
        }

        FailWaiting(ShuttingDown());
        _stopping.Dispose();
    }

    private static InferenceException ShuttingDown() => new(InferenceError.ShuttingDown, "The server is shutting down.");

    private Task<LoadedModel> EnsureLoading()
    {
        if (_isDisposed)
        {
            return Task.FromException<LoadedModel>(ShuttingDown());
        }

        return _loading ??= Task.Factory.StartNew(Load, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private LoadedModel Load()
    {
        try
        {
            var model = _loader.Load(Entry, Queue, TakeLeftOver, Ended, _stopping.Token);
            _loaded(model);
            return model;
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _loading = null;
            }

            FailWaiting(exception as InferenceException ?? ShuttingDown());
            throw;
        }
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
            if (fault is not null)
            {
                _loading = null;

                // A sequence may have come in after the scheduler looked for the last time.
                if (!_isDisposed && (_leftOver.Count > 0 || Queue.Sequences.TryPeek(out _)))
                {
                    EnsureLoading();
                }
            }
        }

        if (fault is not null)
        {
            _faulted(fault);
        }
    }

    private void FailWaiting(InferenceException failure)
    {
        var waiting = TakeLeftOver();
        while (Queue.Sequences.TryRead(out var sequence))
        {
            waiting.Add(sequence);
        }

        foreach (var sequence in waiting)
        {
            sequence.Fail(failure);
            sequence.Place.Dispose();
        }
    }
}
