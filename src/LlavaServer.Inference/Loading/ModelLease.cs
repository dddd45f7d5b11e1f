namespace LlavaServer.Inference.Loading;

/// <summary>
/// Keeps a model in memory, or on its way there, for one request. Owned by that request; disposing it, once or more, starts the idle time when it was
/// the model's last. Thread-safe.
/// </summary>
public sealed class ModelLease : IDisposable
{
    private static readonly TimeSpan s_shortestRetry = TimeSpan.FromSeconds(1);

    /// <summary>The longest that clients honour.</summary>
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(60);

    private readonly ModelPool _pool;
    private int _isDisposed;

    internal ModelLease(ModelPool pool, ModelInstance instance)
    {
        _pool = pool;
        Instance = instance;
    }

    /// <summary>Ends when the model is in memory; fails with the reason why it cannot be.</summary>
    public Task<LoadedModel> Loading => Instance.Loading;

    /// <summary>Part of the load that is done, 0 to 1.</summary>
    public double Progress => Instance.Progress.Value;

    /// <summary>The model; only after <see cref="Loading"/> ended.</summary>
    public LoadedModel Model => Instance.Loading.Result;

    internal ModelInstance Instance { get; }

    /// <summary>
    /// Waits for the load, but no longer than <paramref name="longest"/>, nor at all when its pace says that it takes longer: then throws
    /// <see cref="InferenceError.ModelLoading"/> and lets the load go on for who comes next.
    /// </summary>
    internal async Task<LoadedModel> WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Loading.IsCompleted && (Instance.Progress.Remaining > longest || longest == TimeSpan.Zero))
        {
            throw TooLong(longest);
        }

        try
        {
            return await Loading.WaitAsync(longest, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw TooLong(longest);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _pool.Release(Instance);
        }
    }

    private InferenceException TooLong(TimeSpan longest)
    {
        _pool.HoldUntilLoaded(Instance);

        // While its pace tells nothing: as long again as was waited.
        var retry = Instance.Progress.Remaining ?? longest;
        retry = retry < s_shortestRetry ? s_shortestRetry : retry > s_longestRetry ? s_longestRetry : retry;
        return new InferenceException(
            InferenceError.ModelLoading,
            $"The model is being loaded, which takes longer than {longest.TotalSeconds:0.###} s (Pool:LoadWait). Try again in {retry.TotalSeconds:0} s, or ask for a stream, which waits.")
        {
            RetryAfter = retry,
        };
    }
}
