namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The process behind an <see cref="EngineProcess"/>, which owns it. Thread-safe; disposing kills it and waits for its end.</summary>
internal interface IEngineChild : IDisposable
{
    int Id { get; }

    bool HasExited { get; }

    /// <summary>Ends it at once, without a chance to clean up: it has nothing to keep.</summary>
    void Kill();

    /// <summary>How it ended, with its exit code or signal and its last words, as sentences for a caller. Waits for its end, but not longer than said.</summary>
    string Describe(TimeSpan wait);
}
