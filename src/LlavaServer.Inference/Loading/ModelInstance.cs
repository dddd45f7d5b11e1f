using System.Diagnostics.CodeAnalysis;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// One stay of a model in memory, from the demand for it to its end. State and counts are the pool's, under its lock; the rest is thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The cancellation has no timer and no handle; disposing it would race with a late cancel.")]
internal sealed class ModelInstance(PooledModel model, int contextLength, long memoryBytes, TimeSpan keepAlive, TimeProvider time)
{
    private readonly TaskCompletionSource<LoadedModel> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cancellation = new();

    public PooledModel Model { get; } = model;

    /// <summary>Positions per sequence that are asked for, or that the loaded model has.</summary>
    public int ContextLength { get; set; } = contextLength;

    /// <summary>Bytes that it was expected to take.</summary>
    public long MemoryEstimate { get; } = memoryBytes;

    /// <summary>What is counted for it: the estimate, or what its engines say if that is more.</summary>
    public long MemoryBytes { get; set; } = memoryBytes;

    /// <summary>Its engines, as far as they are loaded. Written by the loading thread.</summary>
    public IReadOnlyList<Executor> Executors { get; set; } = [];

    public LoadProgress Progress { get; } = new(time);

    public Task<LoadedModel> Loading => _loaded.Task;

    /// <summary>Stops the load.</summary>
    public CancellationToken Cancelled => _cancellation.Token;

    public ModelState State { get; set; }

    public int LeaseCount { get; set; }

    /// <summary>One of its leases is the pool's own, until it is loaded.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Takes no further requests, and leaves memory when the present ones are done.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Idle time after which it leaves memory; negative never.</summary>
    public TimeSpan KeepAlive { get; set; } = keepAlive;

    /// <summary>When its last lease ended.</summary>
    public DateTimeOffset IdleSince { get; set; }

    /// <summary>Fires when it was idle for long enough, or when the load may have stalled.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>What works for it in the background: the load, then the end.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    public LoadedModel? Loaded => Loading.IsCompletedSuccessfully ? Loading.Result : null;

    public bool IsIdle => State == ModelState.Loaded && LeaseCount == 0;

    public void Complete(LoadedModel loaded) => _loaded.TrySetResult(loaded);

    public void Fail(Exception failure)
    {
        if (_loaded.TrySetException(failure))
        {
            // Nobody may be waiting for it.
            _ = _loaded.Task.Exception;
        }
    }

    public void Cancel() => _cancellation.Cancel();

    /// <summary>When it will leave memory if no request comes; null for never.</summary>
    public DateTimeOffset? ExpiresAt(DateTimeOffset now)
    {
        var from = LeaseCount > 0 ? now : IdleSince;
        return KeepAlive < TimeSpan.Zero || KeepAlive > DateTimeOffset.MaxValue - from ? null : from + KeepAlive;
    }
}
