namespace LlavaServer.Inference.Loading;

/// <summary>
/// Keeps a model in memory, or on its way there, for one request. Owned by that request; disposing it, once or more, starts the idle time when it was
/// the model's last. Thread-safe.
/// </summary>
public sealed class ModelLease : IDisposable
{
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

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _pool.Release(Instance);
        }
    }
}
