namespace LlavaServer.Inference;

/// <summary>Sums over all models since the start, from the same places as the instruments of <see cref="InferenceMetrics"/>. Immutable.</summary>
public sealed record GenerationTotals
{
    /// <summary>Prompt tokens and image rows that were computed.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Prompt tokens and image rows that were cached.</summary>
    public required long CachedTokens { get; init; }

    public required TimeSpan PromptTime { get; init; }

    public required long GeneratedTokens { get; init; }

    public required TimeSpan GenerationTime { get; init; }

    /// <summary>Steps of all engines.</summary>
    public required long Steps { get; init; }

    /// <summary>Sequences in these steps, summed.</summary>
    public required long StepSequences { get; init; }

    /// <summary>Prompt and answer of the longest sequence.</summary>
    public required long MostTokens { get; init; }

    /// <summary>Requests that hold a slot now.</summary>
    public required int Running { get; init; }

    /// <summary>Requests that wait for a slot now.</summary>
    public required int Waiting { get; init; }
}
