using System.Diagnostics.CodeAnalysis;
using Polly;
using Polly.CircuitBreaker;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// Keeps a model whose engine dies again and again from being loaded again and again: too many deaths in a minute open it, after a pause the next load is
/// a trial, and an engine that lives through the trial closes it. Thread-safe.
/// </summary>
internal sealed class EngineCircuit
{
    private static readonly TimeSpan DeathWindow = TimeSpan.FromMinutes(1);

    /// <summary>An engine on trial that lived so long has passed.</summary>
    private static readonly TimeSpan TrialTime = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly ResiliencePipeline _pipeline;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly TimeProvider _time;
    private TaskCompletionSource? _trial;
    private long _trialBegan;
    private string _lastWords = "";

    public EngineCircuit(PoolOptions options, TimeProvider time)
    {
        _time = time;

        // Only deaths pass through it while it is closed, so every call is a failure: the ratio is 1, and their number decides.
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 1,
                MinimumThroughput = options.MaxDeaths,
                SamplingDuration = DeathWindow,
                BreakDuration = options.BreakTime,
                StateProvider = _state,
                ShouldHandle = new PredicateBuilder().Handle<InferenceException>(),
            })
            .Build();
    }

    public bool IsOpen => _state.CircuitState is CircuitState.Open or CircuitState.Isolated;

    /// <summary>Whether an engine may be loaded now; a load that may is on trial when the engine died too often before.</summary>
    public bool TryEnter([NotNullWhen(false)] out InferenceException? refusal)
    {
        lock (_lock)
        {
            refusal = null;
            if (_state.CircuitState == CircuitState.Closed || _trial is not null)
            {
                return true;
            }

            var trial = new TaskCompletionSource();
            var entered = _pipeline.ExecuteAsync(static async (trial, _) => await trial.Task.ConfigureAwait(false), trial).AsTask();
            if (entered is { IsCompleted: true, Exception.InnerException: BrokenCircuitException broken })
            {
                refusal = Unavailable(broken.RetryAfter);
                return false;
            }

            // The circuit counts the outcome; nobody else waits for it.
            _ = entered.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            _trial = trial;
            _trialBegan = _time.GetTimestamp();
            return true;
        }
    }

    /// <summary>Counts the death of an engine, also of one that died while it was loaded.</summary>
    /// <returns>Null if it may be loaded again at once, else what to tell who waits.</returns>
    public InferenceException? Died(InferenceException fault)
    {
        lock (_lock)
        {
            _lastWords = fault.Message;
            if (!EndTrial(fault))
            {
                try
                {
                    _pipeline.Execute(static fault => throw fault, fault);
                }
                catch (Exception exception) when (exception is InferenceException or BrokenCircuitException)
                {
                    // It was counted, or the circuit is open already.
                }
            }

            return IsOpen ? Unavailable(null) : null;
        }
    }

    /// <summary>The load failed although no engine died: a trial has failed with it.</summary>
    public void LoadFailed(InferenceException failure)
    {
        lock (_lock)
        {
            EndTrial(failure);
        }
    }

    /// <summary>The engine leaves memory alive.</summary>
    public void Ended()
    {
        lock (_lock)
        {
            EndTrial(null);
        }
    }

    // True if it is the trial that ends with the fault.
    private bool EndTrial(InferenceException? fault)
    {
        if (_trial is not { } trial)
        {
            return false;
        }

        _trial = null;
        if (fault is null || _time.GetElapsedTime(_trialBegan) >= TrialTime)
        {
            trial.SetResult();
            return false;
        }

        trial.SetException(fault);
        return true;
    }

    private InferenceException Unavailable(TimeSpan? retryAfter)
    {
        var delay = retryAfter ?? TimeSpan.FromSeconds(1);
        return new InferenceException(
            InferenceError.EngineUnavailable, $"The model's engine failed again and again and is not started for a while (Pool:MaxDeaths, Pool:BreakTime). Its last words: {_lastWords}")
        {
            RetryAfter = delay < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : delay,
        };
    }
}
