using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One finished answer of a response. Immutable.</summary>
internal sealed record WholeChoice(string Text, IReadOnlyList<TokenLogProbability> Tokens, FinishReason FinishReason)
{
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];
}
