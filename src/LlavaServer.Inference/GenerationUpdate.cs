using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference;

/// <summary>One piece of an answer. The last update of a generation has <see cref="FinishReason"/>, <see cref="Usage"/> and <see cref="Timings"/>.</summary>
public sealed record GenerationUpdate
{
    /// <summary>Which of several answers to one prompt this is of, from 0; each has a last update of its own.</summary>
    public int Choice { get; init; }

    /// <summary>
    /// New text of what the model thinks before it answers, without its markers; an update has this or <see cref="Text"/>, and <see cref="Tokens"/> of the
    /// one that it has; tokens of the markers are left out. Empty unless <see cref="GenerationRequest.Thinking"/> asked for it.
    /// </summary>
    public string Thinking { get; init; } = "";

    /// <summary>The text as the model wrote it, where it is another than <see cref="Text"/>: with thoughts, their markers and the white space around them.</summary>
    public string? Written { get; init; }

    /// <summary>New text: whole Unicode characters, never half a surrogate pair; may be empty in the first and last update.</summary>
    public string Text { get; init; } = "";

    /// <summary>New pieces of tool calls, in order; null is none. Text of an update stands before its calls.</summary>
    public IReadOnlyList<ToolCallDelta>? ToolCalls { get; init; }

    /// <summary>The tokens whose text <see cref="Text"/> is, none of them in part; null unless <see cref="GenerationRequest.TopLogProbabilities"/> asked for them.</summary>
    public IReadOnlyList<TokenLogProbability>? Tokens { get; init; }

    /// <summary>The vector of an input, in the only update of a request for one.</summary>
    internal float[]? Embedding { get; init; }

    public FinishReason? FinishReason { get; init; }

    /// <summary>Which of <see cref="GenerationRequest.Stop"/> ended the answer, in its last update; null when something else did.</summary>
    public string? StopText { get; init; }

    public UsageDetails? Usage { get; init; }

    public GenerationTimings? Timings { get; init; }
}
