namespace LlavaServer.Inference.Embeddings;

/// <summary>The vectors of an <see cref="EmbeddingRequest"/>. Immutable.</summary>
public sealed record EmbeddingResult
{
    /// <summary>The model, with its tag.</summary>
    public required string ModelName { get; init; }

    /// <summary>One for each input, in their order, of length 1 (L2); zeros when a hidden state is zero.</summary>
    public required IReadOnlyList<float[]> Embeddings { get; init; }

    /// <summary>Sum over all inputs.</summary>
    public required UsageDetails Usage { get; init; }

    /// <summary>The longest of each time over the inputs; the total is that of the whole request.</summary>
    public required GenerationTimings Timings { get; init; }
}
