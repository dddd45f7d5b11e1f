using System.Collections.Concurrent;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// What the pool keeps of one model whether it is in memory or not: its queue, which outlives every engine, its circuit, and at most two instances: the
/// present one and the one that follows it. Instances are read and written under the pool's lock.
/// </summary>
internal sealed class PooledModel(ModelEntry entry, QueuePlaces queue, EngineCircuit circuit)
{
    private long _heldBytes;

    public ModelEntry Entry { get; } = entry;

    /// <summary>The model has gone, or another has its name: nobody asks for it any more but those who found it before.</summary>
    public bool IsForgotten { get; set; }

    public QueuePlaces Queue { get; } = queue;

    public EngineCircuit Circuit { get; } = circuit;

    /// <summary>Takes bytes for a request beside what others hold, or all that is asked for when there are no others. False: it is too much. Thread-safe.</summary>
    public bool TryHold(long bytes, long most)
    {
        var held = Interlocked.Add(ref _heldBytes, bytes);
        if (held <= most || held == bytes)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    public void Release(long bytes) => Interlocked.Add(ref _heldBytes, -bytes);

    /// <summary>Bytes that it is expected to take, by context length.</summary>
    public ConcurrentDictionary<int, long> Estimates { get; } = new();

    /// <summary>Holds memory, or is about to.</summary>
    public ModelInstance? Current { get; set; }

    /// <summary>Waits for room, and for the end of <see cref="Current"/>.</summary>
    public ModelInstance? Next { get; set; }

    /// <summary>Forgotten, and neither in memory nor on its way there.</summary>
    public bool IsUnused => IsForgotten && Current is null && Next is null;

    /// <summary>The model if it is in memory.</summary>
    public LoadedModel? Loaded => Current?.Loaded;
}
