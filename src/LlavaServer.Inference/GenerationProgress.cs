namespace LlavaServer.Inference;

/// <summary>How far an answer is. Immutable; numbers of different moments may stand beside each other.</summary>
public sealed record GenerationProgress
{
    public required GenerationPhase Phase { get; init; }

    /// <summary>Queued: its turn, 1 is next.</summary>
    public int Position { get; init; }

    /// <summary>Queued: requests that wait.</summary>
    public int QueueLength { get; init; }

    /// <summary>Queued: time until its turn at the measured speed; null when nothing was measured.</summary>
    public TimeSpan? Estimate { get; init; }

    /// <summary>Loading: bytes; encoding: tiles, of which a picture is one; prefill: prompt tokens.</summary>
    public long Done { get; init; }

    /// <summary>All of what <see cref="Done"/> counts.</summary>
    public long Total { get; init; }

    /// <summary>Encoding: pictures of the request.</summary>
    public int ImageCount { get; init; }

    /// <summary>Encoding: pictures that needed none, their encoding being cached.</summary>
    public int CachedImages { get; init; }

    /// <summary>Prompt tokens, once they are known; else 0.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Prompt tokens that are computed or were cached.</summary>
    public int ComputedTokens { get; init; }

    /// <summary>Prompt tokens that were cached.</summary>
    public int CachedTokens { get; init; }
}
