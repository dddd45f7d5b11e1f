using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>A chat request, read and checked field by field; its pictures are still text of the body. Lives as long as the body.</summary>
internal sealed record ChatCompletionRequest
{
    /// <summary>As the caller wrote it; null when not given.</summary>
    public string? Model { get; init; }

    public required IReadOnlyList<RequestMessage> Messages { get; init; }

    public required SamplingParameters Sampling { get; init; }

    /// <summary>Null is the rest of the context.</summary>
    public int? MaxTokens { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>The form of the answer; null is text without form.</summary>
    public Grammar? Grammar { get; init; }

    public bool IsStream { get; init; }

    public bool IncludesUsage { get; init; }

    /// <summary>Chunks tell how far the answer is while there is no text yet.</summary>
    public bool IncludesProgress { get; init; }

    public bool ContinuesFinalMessage { get; init; }

    /// <summary>The caller named a service tier, so that the answer names one.</summary>
    public bool HasServiceTier { get; init; }

    /// <summary>Seconds of silence before a comment line; null is the server's setting, negative is never.</summary>
    public double? PingSeconds { get; init; }

    /// <summary>Fields that were accepted without effect.</summary>
    public IReadOnlyList<string> IgnoredFields { get; init; } = [];
}
