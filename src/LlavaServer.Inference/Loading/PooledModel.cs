using System.Collections.Concurrent;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// What the pool keeps of one model whether it is in memory or not: its queue, which outlives every engine, its circuit, and at most two instances: the
/// present one and the one that follows it. Instances are read and written under the pool's lock.
/// </summary>
internal sealed class PooledModel(ModelEntry entry, QueuePlaces queue, EngineCircuit circuit)
{
    public ModelEntry Entry { get; } = entry;

    public QueuePlaces Queue { get; } = queue;

    public EngineCircuit Circuit { get; } = circuit;

    /// <summary>Bytes that it is expected to take, by context length.</summary>
    public ConcurrentDictionary<int, long> Estimates { get; } = new();

    /// <summary>Holds memory, or is about to.</summary>
    public ModelInstance? Current { get; set; }

    /// <summary>Waits for room, and for the end of <see cref="Current"/>.</summary>
    public ModelInstance? Next { get; set; }

    /// <summary>The model if it is in memory.</summary>
    public LoadedModel? Loaded => Current?.Loaded;
}
