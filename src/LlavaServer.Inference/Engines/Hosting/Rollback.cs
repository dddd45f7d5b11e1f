namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>Disposes a value at the end of a scope, unless it was kept.</summary>
internal sealed class Rollback<T>(T value) : IDisposable
    where T : class, IDisposable
{
    private bool _isKept;

    public T Value { get; } = value;

    /// <summary>The value, whose owner is now someone else.</summary>
    public T Keep()
    {
        _isKept = true;
        return Value;
    }

    public void Dispose()
    {
        if (!_isKept)
        {
            Value.Dispose();
        }
    }
}
