using LlavaServer.Inference.Engines;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Loading;

// What happens to an instance beside the lock: its load, the death of an engine, and what is logged.
public sealed partial class ModelPool
{
    // On a thread of its own.
    private void Load(ModelInstance instance)
    {
        var model = instance.Model;
        try
        {
            var text = _loader.ReadText(model.Entry, instance.Cancelled);
            var options = _loader.OptionsFor(model.Entry, instance.ContextLength);
            instance.Executors =
            [
                .. Enumerable.Range(0, _options.Executors).Select(_ =>
                    new Executor(model.Entry, text, options, model.Queue, _engine.Slots, _loader, (executor, fault) => Died(instance, executor, fault))),
            ];
            EngineInfo? info = null;
            for (var i = 0; i < instance.Executors.Count; i++)
            {
                info = instance.Executors[i].Start(new PartProgress(instance.Progress, i, instance.Executors.Count), instance.Cancelled);
            }

            Complete(instance, new LoadedModel(model.Entry, text, info!, instance.Executors, _time.GetUtcNow()));
        }
        catch (Exception exception)
        {
            var failure = exception as InferenceException ?? ShuttingDown();
            Log.LoadFailed(_logger, model.Entry.Name, exception);
            if (IsDeath(failure))
            {
                failure = model.Circuit.Died(failure) ?? failure;
            }
            else
            {
                model.Circuit.LoadFailed(failure);
            }

            lock (_lock)
            {
                // Who comes from now on starts another load.
                instance.State = ModelState.Stopping;
                instance.IsEnding = true;
            }

            instance.Fail(failure);
            StopExecutors(instance, failure);
            Remove(instance);
        }
    }

    private static bool IsDeath(InferenceException failure) => failure.EngineDied || failure.Error == InferenceError.EngineFailed;

    private void Complete(ModelInstance instance, LoadedModel loaded)
    {
        bool isWanted;
        lock (_lock)
        {
            isWanted = instance.State == ModelState.Loading && !_isDisposed;
            if (isWanted)
            {
                instance.State = ModelState.Loaded;
                instance.Timer?.Dispose();
                instance.MemoryBytes = Math.Max(instance.MemoryBytes, loaded.Info.MemoryBytes * instance.Executors.Count);
                instance.ContextLength = Math.Max(instance.ContextLength, loaded.Info.ContextLength);
                instance.Progress.Report(1);
                instance.Complete(loaded);
                _loading = null;
                if (instance.LeaseCount == 0)
                {
                    Idle(instance);
                }

                Pump();
            }
        }

        if (!isWanted)
        {
            throw ShuttingDown();
        }

        Log.Loaded(_logger, loaded.Entry.Name, loaded.Info.MemoryBytes, loaded.ChatTemplateName ?? "none", loaded.ChatTemplateSource);
        if (loaded.ChatTemplateWarning is { } warning)
        {
            Log.TemplateWarning(_logger, loaded.Entry.Name, warning);
        }
    }

    // A load that gets nowhere is given up: who waits is told, others may load. What it holds counts until its thread comes back.
    private void CheckProgress(ModelInstance instance)
    {
        lock (_lock)
        {
            if (instance.State != ModelState.Loading || _isDisposed)
            {
                return;
            }

            var left = _options.LoadTimeout - instance.Progress.SinceChange;
            if (left > TimeSpan.Zero)
            {
                instance.Timer?.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }

            instance.State = ModelState.Stopping;
            instance.IsEnding = true;
            _loading = null;
        }

        var failure = new InferenceException(
            InferenceError.ModelLoadFailed,
            $"Loading the model made no progress for {_options.LoadTimeout.TotalSeconds:0.###} s (Pool:LoadTimeout).");
        instance.Fail(failure);
        instance.Model.Circuit.LoadFailed(failure);
        Log.LoadFailed(_logger, instance.Model.Entry.Name, failure);
        instance.Cancel();
        lock (_lock)
        {
            Pump();
        }
    }

    // On the thread of the scheduler whose engine died. Its sequences wait in the executor.
    private void Died(ModelInstance instance, Executor executor, InferenceException fault)
    {
        Log.EngineFailed(_logger, instance.Model.Entry.Name, fault);
        var refusal = instance.Model.Circuit.Died(fault);
        lock (_lock)
        {
            if (_isDisposed || instance.State is not (ModelState.Loading or ModelState.Loaded))
            {
                return;
            }

            if (refusal is null && (instance.LeaseCount > 0 || instance.State == ModelState.Loading))
            {
                instance.Work = Task.WhenAll(instance.Work, Background(() => Restart(instance, executor)));
            }
            else
            {
                GiveUp(instance, refusal ?? fault);
            }
        }
    }

    // On a thread of its own.
    private void Restart(ModelInstance instance, Executor executor)
    {
        while (true)
        {
            try
            {
                executor.Start(progress: null, instance.Cancelled);
                return;
            }
            catch (Exception exception)
            {
                Log.LoadFailed(_logger, instance.Model.Entry.Name, exception);
                var failure = exception as InferenceException ?? ShuttingDown();
                var refusal = IsDeath(failure) ? instance.Model.Circuit.Died(failure) : failure;
                lock (_lock)
                {
                    if (refusal is not null || _isDisposed || instance.State != ModelState.Loaded)
                    {
                        GiveUp(instance, refusal ?? failure);
                        return;
                    }
                }
            }
        }
    }

    // Under the lock: ends an instance whose engine is gone, with everything that waits for it.
    private void GiveUp(ModelInstance instance, InferenceException reason)
    {
        if (_isDisposed || instance.State is ModelState.Stopping or ModelState.Gone)
        {
            return;
        }

        instance.State = ModelState.Stopping;
        instance.IsEnding = true;
        instance.Timer?.Dispose();
        instance.Fail(reason);
        instance.Work = Task.WhenAll(instance.Work, Background(() =>
        {
            StopExecutors(instance, reason);
            Remove(instance);
        }));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The engine of {Model} failed")]
        public static partial void EngineFailed(ILogger logger, string model, Exception exception);

        [LoggerMessage(2, LogLevel.Warning, "{Model}: {Warning}")]
        public static partial void TemplateWarning(ILogger logger, string model, string warning);

        [LoggerMessage(3, LogLevel.Information, "Model {Model} loaded: {Memory} bytes, chat template {Template} ({Source})")]
        public static partial void Loaded(ILogger logger, string model, long memory, string template, string source);

        [LoggerMessage(4, LogLevel.Information, "Model {Model} left memory")]
        public static partial void Unloaded(ILogger logger, string model);

        [LoggerMessage(5, LogLevel.Information, "Model {Model} makes room for {Other}")]
        public static partial void Evicted(ILogger logger, string model, string other);

        [LoggerMessage(6, LogLevel.Warning, "Model {Model} could not be loaded")]
        public static partial void LoadFailed(ILogger logger, string model, Exception exception);
    }
}
