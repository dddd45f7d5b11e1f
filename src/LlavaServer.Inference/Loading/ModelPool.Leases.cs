using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Loading;

// Who uses a model: leases, and the instance that a new one gets.
public sealed partial class ModelPool
{
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
}
