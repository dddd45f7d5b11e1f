using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Loading;

// Which models are in memory: idle times, room, whose load comes next. All under the lock.
public sealed partial class ModelPool
{
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
}
