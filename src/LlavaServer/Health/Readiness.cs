using LlavaServer.Inference.Loading;

namespace LlavaServer.Health;

/// <summary>Whether the server's models can answer. Singleton; written at start, read by every probe.</summary>
internal sealed class Readiness(ModelPool pool, StoredModels stored)
{
    private volatile bool _isReady;
    private volatile bool _hasFailed;

    public bool IsReady => IsLoaded && StoreIsReadable;

    /// <summary>Whether the models that are loaded at start are there.</summary>
    public bool IsLoaded => _isReady && !HasFailed;

    /// <summary>Whether the model store could be read when somebody last looked.</summary>
    public bool StoreIsReadable => stored.IsReadable;

    public bool HasFailed => _hasFailed || IsStalled;

    /// <summary>Whether an engine has work and makes no step.</summary>
    public bool IsStalled => pool.IsStalled;

    public void Begin() => _isReady = true;

    public void Fail() => _hasFailed = true;
}
