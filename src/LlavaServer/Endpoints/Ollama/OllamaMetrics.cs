using System.Text.Json.Serialization;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Counts and times of a finished answer. Times are in nanoseconds; what is zero is left out of the wire. Immutable.</summary>
internal sealed record OllamaMetrics
{
    /// <summary>From the arrival of the request to the last token.</summary>
    public long TotalDuration { get; init; }

    /// <summary>Waiting in the queue and for the model.</summary>
    public long LoadDuration { get; init; }

    /// <summary>All tokens of the prompt, cached ones and image rows included.</summary>
    public int PromptEvalCount { get; init; }

    public long PromptEvalDuration { get; init; }

    public int EvalCount { get; init; }

    public long EvalDuration { get; init; }

    /// <summary>Times that were too short for the clock become one nanosecond: clients divide by them.</summary>
    public static OllamaMetrics From(GenerationUpdate last, TimeSpan total)
    {
        var usage = last.Usage;
        var timings = last.Timings ?? new GenerationTimings();
        return new OllamaMetrics
        {
            TotalDuration = Nanoseconds(total),
            LoadDuration = Nanoseconds(timings.Queued + timings.Load),
            PromptEvalCount = usage?.PromptTokens ?? 0,
            PromptEvalDuration = Nanoseconds(timings.ImageEncode + timings.Prefill),
            EvalCount = usage?.CompletionTokens ?? 0,
            EvalDuration = Nanoseconds(timings.Decode),
        };
    }

    internal static long Nanoseconds(TimeSpan time) => Math.Max(1, (long)time.TotalNanoseconds);
}
