using LlavaServer.Inference.Engines;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Scheduling;

/// <summary>What a <see cref="Scheduler"/> needs from outside. Immutable.</summary>
internal sealed record SchedulerContext
{
    /// <summary>Name of the model, for metrics and the thread.</summary>
    public required string Model { get; init; }

    public required RequestQueue Queue { get; init; }

    public required InferenceOptions Options { get; init; }

    public required InferenceMetrics Metrics { get; init; }

    /// <summary>Shared with the other models and with long work.</summary>
    public required ComputeTurns Turns { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Called as the last thing on the scheduler thread, with the sequences that wait and what ended the loop (null: stopped).</summary>
    public required Action<IReadOnlyList<Sequence>, Exception?> Ended { get; init; }
}
