namespace LlavaServer.Inference.Loading;

/// <summary>A model in memory, as a list of them shows it. Immutable.</summary>
public sealed record RunningModel
{
    public required LoadedModel Model { get; init; }

    /// <summary>All engines together.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>When it leaves memory if no request comes; null for never.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Requests in slots, requests that wait, and slots.</summary>
    public required (int Running, int Waiting, int Slots) Queue { get; init; }
}
