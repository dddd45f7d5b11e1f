namespace LlavaServer.Inference.Engines;

/// <summary>What an engine reports about its loaded model. Immutable.</summary>
public sealed record EngineInfo
{
    /// <summary>The processor.</summary>
    public const string CpuDevice = "cpu";

    /// <summary>For example "cpu" or "llamasharp".</summary>
    public required string EngineName { get; init; }

    /// <summary>What computes: <see cref="CpuDevice"/>, or the graphics cards by their names.</summary>
    public string Device { get; init; } = CpuDevice;

    /// <summary><c>general.architecture</c> of the model file.</summary>
    public required string Architecture { get; init; }

    public required int VocabularySize { get; init; }

    /// <summary>Width of a token embedding and of an image row, in floats.</summary>
    public required int EmbeddingWidth { get; init; }

    /// <summary>Positions that one sequence can hold.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Context length that the model was trained for.</summary>
    public required int TrainedContextLength { get; init; }

    /// <summary>Number of sequence ids.</summary>
    public required int SequenceCount { get; init; }

    /// <summary>Positions that all sequences together can hold; one that several sequences share counts once.</summary>
    public required int KVPositions { get; init; }

    /// <summary>Largest number of rows in one batch.</summary>
    public required int MaxBatchRows { get; init; }

    /// <summary>Number of weights of language model, vision tower and projector.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Bytes held for weights, KV cache and workspace.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Those of <see cref="MemoryBytes"/> that lie in the memory of graphics cards.</summary>
    public long DeviceMemoryBytes { get; init; }

    /// <summary>Picture side, or null for a text-only model.</summary>
    public VisionInfo? Vision { get; init; }
}
