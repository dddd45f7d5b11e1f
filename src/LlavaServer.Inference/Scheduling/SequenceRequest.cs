using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Scheduling;

/// <summary>What a <see cref="Sequence"/> is made from: prompt, sampler and limits, checked against the model. Immutable but for the sampler's state.</summary>
internal sealed record SequenceRequest
{
    public required Prompt Prompt { get; init; }

    /// <summary>Has accepted the prompt's text tokens.</summary>
    public required Sampler Sampler { get; init; }

    /// <summary>Tokens of the answer at most, within the context.</summary>
    public required int MaxTokens { get; init; }

    public required IReadOnlyList<string> Stop { get; init; }

    /// <summary>Time that the request waited for its model to be loaded.</summary>
    public TimeSpan LoadTime { get; init; }
}
