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

    /// <summary>The engine is to run in a process of its own; where that is not possible it does not.</summary>
    public bool InOwnProcess { get; init; }

    /// <summary>When set, loading gives way by it to steps of models that are being answered from.</summary>
    [JsonIgnore] // Turns are those of one process.
    public ComputeTurns? Turns { get; init; }

    public VisionProfile VisionProfile { get; init; } = VisionProfile.Reference;
}
