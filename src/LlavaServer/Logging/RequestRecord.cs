using Microsoft.AspNetCore.Http.Features;

namespace LlavaServer.Logging;

/// <summary>
/// What the log line of one request says. Created for every request by the outermost middleware, filled by the endpoint, read once at the end. Names,
/// counts and times only: never prompt, answer or picture. Get it with <see cref="Of"/>.
/// </summary>
internal sealed class RequestRecord
{
    private readonly long _started = TimeProvider.System.GetTimestamp();

    public required string RequestId { get; init; }

    /// <summary>Time since the request's headers were read.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_started);

    /// <summary>For example <c>openai.chat</c>, <c>ollama.generate</c>; null for requests that generate nothing.</summary>
    public string? Api { get; set; }

    /// <summary>Name of the model that answers, or what the caller asked for; cut and cleaned before it is logged.</summary>
    public string? Model { get; set; }

    public bool? Stream { get; set; }

    public string? FinishReason { get; set; }

    /// <summary>Code of the failure, from a fixed list; null for success.</summary>
    public string? Error { get; set; }

    /// <summary>The client went away before the answer was complete; logged as status 499.</summary>
    public bool ClientLeft { get; set; }

    /// <summary>What the configuration calls the caller's key.</summary>
    public string? KeyName { get; set; }

    public int Images { get; set; }

    public long ImageBytes { get; set; }

    public Inference.UsageDetails? Usage { get; set; }

    public Inference.GenerationTimings? Timings { get; set; }

    /// <summary>Time from the request's first byte to the answer's first text.</summary>
    public TimeSpan? TimeToFirstToken { get; set; }

    /// <summary>Takes counts and times over from the last update of a generation.</summary>
    public void Complete(Inference.GenerationUpdate last, string finishReason) => Complete(last.Usage, last.Timings, finishReason);

    public void Complete(Inference.UsageDetails? usage, Inference.GenerationTimings? timings, string finishReason)
    {
        FinishReason = finishReason;
        Usage = usage;
        Timings = timings;
    }

    public static RequestRecord Of(HttpContext context) => context.Features.GetRequiredFeature<RequestRecord>();
}
