namespace LlavaServer.Models.Registry;

/// <summary>How blobs are downloaded and uploaded. The defaults are Ollama's; tests take small ones. Immutable.</summary>
public sealed record DownloadOptions
{
    /// <summary>Parts of one blob at once.</summary>
    public int Parallel { get; init; } = 16;

    /// <summary>Bytes of a part at least, unless the blob is smaller.</summary>
    public long LeastPartBytes { get; init; } = 100_000_000;

    /// <summary>Bytes of a part at most.</summary>
    public long MostPartBytes { get; init; } = 1_000_000_000;

    /// <summary>A connection that gives nothing for so long is given up and made again.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries of a part in a row that bring nothing at all, before the download fails.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Wait after the first such try; it doubles with each, and varies by a quarter.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of a part between two notes on disk of how far it is.</summary>
    public long NoteBytes { get; init; } = 64 << 20;

    /// <summary>Time between two reports of a layer.</summary>
    public TimeSpan Report { get; init; } = TimeSpan.FromMilliseconds(60);
}
