namespace LlavaServer.Inference;

/// <summary>Where the time of one generation went.</summary>
public sealed record GenerationTimings
{
    public TimeSpan Queued { get; init; }

    public TimeSpan Load { get; init; }

    public TimeSpan ImageEncode { get; init; }

    public TimeSpan Prefill { get; init; }

    public TimeSpan Decode { get; init; }

    /// <summary>From the place in the queue to the first token; to the end when there was none.</summary>
    public TimeSpan FirstToken { get; init; }

    public TimeSpan Total { get; init; }
}
