using System.Text.Json.Serialization;

namespace LlavaServer.Inference.Engines;

/// <summary>How a model is to be loaded.</summary>
public sealed record EngineLoadOptions
{
    /// <summary>Sequence ids: those that are decoded together and those that only hold positions for later.</summary>
    public int SequenceCount { get; init; } = 4;

    /// <summary>Positions per sequence; 0 takes the smaller of the trained context length and 4096.</summary>
    public int ContextLength { get; init; }

    /// <summary>
    /// Positions that all sequences together can hold, rounded up to what the engine counts in; 0 takes
    /// <see cref="SequenceCount"/> times the context length.
    /// </summary>
    public int KVPositions { get; init; }

    /// <summary>Rows of one batch.</summary>
    public int MaxBatchRows { get; init; } = 512;

    /// <summary>Threads of the step; 0 takes the number of cores.</summary>
    public int Threads { get; init; }

    /// <summary>Layers on the graphics card, the output counted as one; -1 takes as many as fit. For an engine that can use one.</summary>
    public int GpuLayers { get; init; } = -1;

    /// <summary>The graphics card that a model which fits on one is loaded to.</summary>
    public int MainGpu { get; init; }

    /// <summary>Whether attention is computed tile by tile without storing its scores; null leaves it to the engine.</summary>
    public bool? FlashAttention { get; init; }

    /// <summary>Type that keys and values are kept in, by its name in GGUF files.</summary>
    public string KVCacheType { get; init; } = EngineOptions.HalfCache;

    /// <summary>The engine is to run in a process of its own; where that is not possible it does not.</summary>
    public bool InOwnProcess { get; init; }

    /// <summary>When set, loading gives way by it to steps of models that are being answered from.</summary>
    [JsonIgnore] // Turns are those of one process.
    public ComputeTurns? Turns { get; init; }

    public VisionProfile VisionProfile { get; init; } = VisionProfile.Reference;
}
