namespace LlavaServer.Inference.Embeddings;

/// <summary>What a caller wants vectors of, neutral between the HTTP dialects. Immutable.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>Name of a model as the caller wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<EmbeddingInput> Inputs { get; init; }

    /// <summary>An input without pictures that is longer than the context loses its end, instead of being refused.</summary>
    public bool Truncates { get; init; }

    /// <summary>Positions of an input at most (Ollama's <c>num_ctx</c>); null is the slot's context length.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Idle time after which the model leaves memory, from now on; zero at once, negative never, null as it is.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Refused with <see cref="InferenceError.ModelLoading"/> when loading the model takes longer than <c>Pool:LoadWait</c>.</summary>
    public bool BoundsLoad { get; init; }

    /// <summary>Who asks, as far as the server can tell.</summary>
    public string Client { get; init; } = "";
}
