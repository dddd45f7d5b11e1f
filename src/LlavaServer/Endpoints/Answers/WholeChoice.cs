using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Answers;

/// <summary>One finished answer of a response. Immutable.</summary>
internal sealed record WholeChoice(string Text, IReadOnlyList<TokenLogProbability> Tokens, FinishReason FinishReason)
{
    /// <summary>What the model thought before; empty is nothing.</summary>
    public string Thinking { get; init; } = "";

    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The caller's stop text that ended it; null when something else did.</summary>
    public string? StopText { get; init; }
}
