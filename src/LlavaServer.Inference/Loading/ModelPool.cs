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

    internal IEnumerable<PooledModel> Models => _models.Values;

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

    /// <summary>
    /// Leases a model that is in memory, or that is loaded from now on. Throws <see cref="InferenceException"/> when it may not be loaded now.
    /// </summary>
    internal ModelLease Acquire(ModelEntry entry, ModelDemand demand)
    {
        var model = Find(entry);
        var context = ContextFor(entry, demand);
        var bytes = EstimateMemory(model, context);
        lock (_lock)
        {
            if (_isDisposed)
            {
                throw ShuttingDown();
            }

            var instance = model.Next ?? model.Current;
            if (instance is null || instance.IsEnding || (context > instance.ContextLength && _room.Allows(bytes)))
            {
                instance = Follow(model, context, bytes);
            }

            instance.KeepAlive = demand.KeepAlive ?? instance.KeepAlive;
            instance.LeaseCount++;
            if (instance.State == ModelState.Loaded)
            {
                instance.Timer?.Dispose();
            }

            var lease = new ModelLease(this, instance);
            Pump();
            return lease;
        }
    }

    internal void Release(ModelInstance instance)
    {
        lock (_lock)
        {
            if (--instance.LeaseCount > 0 || _isDisposed)
            {
                return;
            }

            if (instance.State == ModelState.Waiting)
            {
                // Nobody wants it any more.
                instance.State = ModelState.Gone;
                instance.Model.Next = null;
                _waiting.Remove(instance);
                instance.Fail(new OperationCanceledException());
            }
            else if (instance.State == ModelState.Loaded)
            {
                Idle(instance);
            }

            Pump();
        }
    }

    // A load that waits for others ends with its last lease; this one was promised to a caller who comes again.
    internal void HoldUntilLoaded(ModelInstance instance)
    {
        lock (_lock)
        {
            if (instance.State != ModelState.Waiting || instance.IsHeld)
            {
                return;
            }

            instance.IsHeld = true;
            instance.LeaseCount++;
        }

        _ = instance.Loading.ContinueWith(_ => Release(instance), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private static InferenceException ShuttingDown() => new(InferenceError.ShuttingDown, "The server is shutting down.");

    // What the settings say is a bound only for those who do not ask.
    private int ContextFor(ModelEntry entry, ModelDemand demand)
    {
        var usual = _engine.ContextLength > 0 ? _engine.ContextLength : Math.Min(Math.Max(1, entry.ContextLength), MemoryEstimate.DefaultContextLength);
        return demand.ContextLength is { } wanted ? Math.Max(usual, Math.Min(wanted, entry.ContextLength)) : usual;
    }

    private long EstimateMemory(PooledModel model, int context) =>
        model.Estimates.GetOrAdd(context, c => _loader.EstimateMemory(model.Entry, c) * _options.Executors);

    // The next instance of a model, which waits for the end of the present one.
    private ModelInstance Follow(PooledModel model, int context, long bytes)
    {
        if (model.Next is { } next)
        {
            (next.ContextLength, next.MemoryBytes) = (context, bytes);
            return next;
        }

        _room.Check(model.Entry.Name, bytes);
        if (!model.Circuit.TryEnter(out var refusal))
        {
            throw refusal;
        }

        var keepAlive = _options.KeepAlive;
        if (model.Current is { } current)
        {
            // What a caller said holds until the model leaves memory for another reason than a larger context.
            keepAlive = current.State is ModelState.Loading or ModelState.Loaded ? current.KeepAlive : keepAlive;
            End(current);
        }

        next = new ModelInstance(model, context, bytes, keepAlive, _time);
        model.Next = next;
        _waiting.AddLast(next);
        return next;
    }

    private void Forget(PooledModel model)
    {
        model.IsForgotten = true;
        if (model.Current is { } instance)
        {
            End(instance);
        }
    }

    private void End(ModelInstance instance)
    {
        instance.IsEnding = true;
        if (instance.IsIdle)
        {
            BeginStop(instance);
        }
    }

    private void Idle(ModelInstance instance)
    {
        instance.IdleSince = _time.GetUtcNow();
        if (instance.IsEnding || instance.KeepAlive == TimeSpan.Zero)
        {
            BeginStop(instance);
        }
        else if (instance.ExpiresAt(instance.IdleSince) is not null)
        {
            instance.Timer?.Dispose();
            instance.Timer = _time.CreateTimer(
                _ => Expire(instance), null, instance.KeepAlive < LongestTimer ? instance.KeepAlive : LongestTimer, Timeout.InfiniteTimeSpan);
        }
    }

    private void Expire(ModelInstance instance)
    {
        lock (_lock)
        {
            if (!instance.IsIdle || _isDisposed)
            {
                return;
            }

            // The timer of an earlier idle time, or one that cannot wait so long.
            var left = instance.IdleSince + instance.KeepAlive - _time.GetUtcNow();
            if (left > TimeSpan.Zero)
            {
                instance.Timer?.Change(left < LongestTimer ? left : LongestTimer, Timeout.InfiniteTimeSpan);
                return;
            }

            BeginStop(instance);
            Pump();
        }
    }

    // Begins the first load that can begin; makes room for it.
    private void Pump()
    {
        if (_loading is not null || _isDisposed)
        {
            return;
        }

        foreach (var instance in _waiting)
        {
            if (instance.Model.Current is { } current)
            {
                End(current);
                continue;
            }

            if (_room.Holds(_inMemory, instance.MemoryBytes))
            {
                _waiting.Remove(instance);
                BeginLoad(instance);
            }
            else
            {
                foreach (var victim in _room.ToEvict(_inMemory, instance.MemoryBytes))
                {
                    Log.Evicted(_logger, victim.Model.Entry.Name, instance.Model.Entry.Name);
                    End(victim);
                }
            }

            return;
        }
    }

    private void BeginLoad(ModelInstance instance)
    {
        instance.State = ModelState.Loading;
        (instance.Model.Current, instance.Model.Next) = (instance, null);
        _loading = instance;
        _inMemory.Add(instance);
        instance.Progress.Begin();
        instance.Timer = _time.CreateTimer(_ => CheckProgress(instance), null, _options.LoadTimeout, Timeout.InfiniteTimeSpan);
        instance.Work = Background(() => Load(instance));
    }

    private void BeginStop(ModelInstance instance)
    {
        instance.State = ModelState.Stopping;
        instance.IsEnding = true;
        instance.Timer?.Dispose();
        instance.Model.Circuit.Ended();
        instance.Work = Background(() =>
        {
            StopExecutors(instance, ShuttingDown());
            Log.Unloaded(_logger, instance.Model.Entry.Name);
            Remove(instance);
        });
    }

    private void Remove(ModelInstance instance)
    {
        lock (_lock)
        {
            instance.State = ModelState.Gone;
            instance.Timer?.Dispose();
            _inMemory.Remove(instance);
            if (ReferenceEquals(_loading, instance))
            {
                _loading = null;
            }

            if (ReferenceEquals(instance.Model.Current, instance))
            {
                instance.Model.Current = null;
            }

            Pump();
        }
    }

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
