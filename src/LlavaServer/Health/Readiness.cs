namespace LlavaServer.Health;

/// <summary>Whether the server's models can answer. Singleton; written at start, read by every probe.</summary>
internal sealed class Readiness
{
    private volatile bool _isReady;
    private volatile bool _hasFailed;

    public bool IsReady => _isReady && !_hasFailed;

    public bool HasFailed => _hasFailed;

    public void Begin() => _isReady = true;

    public void Fail() => _hasFailed = true;
}
