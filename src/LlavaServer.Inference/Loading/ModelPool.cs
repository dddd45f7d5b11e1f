using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Scheduling;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// The models of the catalog: loaded on demand, one after the other, kept for as long as they are leased and their idle time thereafter, and taken out
/// of memory, the least recently used first, when another needs the room. Thread-safe; one for the process, which disposes it to end schedulers and
/// engines.
/// </summary>
/// <remarks>
/// One owner of all state: everything about instances happens under one lock, under which nothing is waited for. A model that has to make room, or to be
/// loaded with a larger context, takes no new requests and ends with its last lease; later requests wait for its next instance, so nobody can hold up
/// the others for ever.
/// </remarks>
public sealed partial class ModelPool : IDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    /// <summary>A load that does not listen to its cancellation is left behind when the process ends.</summary>
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, string Digest), PooledModel> _models = [];
    private readonly LinkedList<ModelInstance> _waiting = new();
    private readonly List<ModelInstance> _inMemory = [];
    private readonly ModelLoader _loader;
    private readonly PoolOptions _options;
    private readonly QueueOptions _queue;
    private readonly InferenceMetrics _metrics;
    private readonly EngineOptions _engine;
    private readonly PoolRoom _room;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelPool> _logger;
    private ModelInstance? _loading;
    private bool _isDisposed;

    internal ModelPool(
        ModelCatalog catalog, ModelLoader loader, IOptions<InferenceOptions> options, InferenceMetrics metrics, TimeProvider time, ILogger<ModelPool> logger)
    {
        _loader = loader;
        _options = options.Value.Pool;
        _queue = options.Value.Queue;
        _metrics = metrics;
        _engine = options.Value.Engine;
        _room = PoolRoom.From(_options);
        _time = time;
        _logger = logger;
        foreach (var entry in catalog.Entries)
        {
            Find(entry);
        }
    }

    /// <summary>Models in memory.</summary>
    public IReadOnlyList<LoadedModel> Loaded
    {
        get
        {
            lock (_lock)
            {
                return [.. _inMemory.Where(i => i.State == ModelState.Loaded).Select(i => i.Loaded!)];
            }
        }
    }

    /// <summary>Whether an engine hangs: it has work and makes no step. Engines that can be ended do so only for a moment.</summary>
    public bool IsStalled
    {
        get
        {
            lock (_lock)
            {
                return _inMemory.Exists(static i => i.Executors.Any(static e => e.IsStalled));
            }
        }
    }

    /// <summary>Models in memory, the one that stays longest first.</summary>
    public IReadOnlyList<RunningModel> Running
    {
        get
        {
            lock (_lock)
            {
                var now = _time.GetUtcNow();
                return
                [
                    .. _inMemory.Where(i => i.State == ModelState.Loaded).Select(i => new RunningModel
                    {
                        Model = i.Loaded!,
                        MemoryBytes = i.Loaded!.Info.MemoryBytes * i.Executors.Count,
                        ExpiresAt = i.IsEnding ? now : i.ExpiresAt(now),
                        Queue = i.Model.Queue.Counts,
                    }).OrderByDescending(m => m.ExpiresAt ?? DateTimeOffset.MaxValue),
                ];
            }
        }
    }

    internal IReadOnlyList<PooledModel> Models
    {
        get
        {
            lock (_lock)
            {
                return [.. _models.Values];
            }
        }
    }

    /// <summary>Leases of models in memory, or on their way there.</summary>
    internal int LeaseCount
    {
        get
        {
            lock (_lock)
            {
                return _inMemory.Concat(_waiting).Sum(i => i.LeaseCount);
            }
        }
    }

    /// <summary>
    /// Loads a model if it is not in memory, and leases it. Throws <see cref="InferenceException"/> with the reason why it cannot be loaded; the load goes
    /// on if the caller leaves.
    /// </summary>
    public async Task<ModelLease> LoadAsync(ModelEntry entry, ModelDemand demand, CancellationToken cancellationToken)
    {
        var lease = Acquire(entry, demand);
        try
        {
            await lease.Loading.WaitAsync(cancellationToken).ConfigureAwait(false);
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Takes a model out of memory when its running requests are done, at once if there are none. Later requests load it again.</summary>
    public void Unload(ModelEntry entry)
    {
        lock (_lock)
        {
            if (Find(entry).Current is { } instance)
            {
                End(instance);
            }
        }
    }

    /// <summary>As <see cref="Unload"/>, but at once: running answers end as failed.</summary>
    public void Stop(ModelEntry entry)
    {
        lock (_lock)
        {
            if (Find(entry).Current is not { } instance)
            {
                return;
            }

            End(instance);
            if (instance is { State: ModelState.Loaded, LeaseCount: > 0 })
            {
                // Their leases end with them, and then the model's stay.
                _ = Background(() => StopExecutors(instance, new InferenceException(InferenceError.ShuttingDown, "The model was stopped.")));
            }
        }
    }

    /// <summary>As <see cref="Unload"/>, for a model that has gone: who found it before is still served.</summary>
    public void Forget(ModelEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        lock (_lock)
        {
            if (_models.TryGetValue((entry.Name, entry.Digest), out var model))
            {
                Forget(model);
            }
        }
    }

    public void Dispose()
    {
        List<ModelInstance> instances;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            instances = [.. _inMemory];
            foreach (var instance in _waiting)
            {
                instance.State = ModelState.Gone;
                instance.Fail(ShuttingDown());
            }

            _waiting.Clear();
            instances.ForEach(i => i.Timer?.Dispose());
        }

        instances.ForEach(i => i.Cancel());
        foreach (var instance in instances)
        {
            instance.Work.Wait(LongestStop);
            StopExecutors(instance, ShuttingDown());
        }
    }

    /// <summary>What the pool keeps of a model. One that it sees for the first time takes the place of all others with its name.</summary>
    internal PooledModel Find(ModelEntry entry)
    {
        lock (_lock)
        {
            if (_models.TryGetValue((entry.Name, entry.Digest), out var known))
            {
                known.IsForgotten = false;
                return known;
            }

            foreach (var other in _models.Values.Where(model => model.Entry.Name.Equals(entry.Name, StringComparison.OrdinalIgnoreCase)))
            {
                Forget(other);
            }

            foreach (var (key, _) in _models.Where(static pair => pair.Value.IsUnused).ToList())
            {
                _models.Remove(key);
            }

            var queue = new QueuePlaces(_engine.Slots * _options.Executors, _queue.MaxQueue, _time);
            _metrics.Observe(entry.Name, () => queue.Counts);
            var model = new PooledModel(entry, queue, new EngineCircuit(_options, _time));
            _models.Add((entry.Name, entry.Digest), model);
            return model;
        }
    }

    private static InferenceException ShuttingDown() => new(InferenceError.ShuttingDown, "The server is shutting down.");

    private static Task Background(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void StopExecutors(ModelInstance instance, InferenceException reason)
    {
        foreach (var executor in instance.Executors)
        {
            executor.Stop(reason);
        }
    }
}
