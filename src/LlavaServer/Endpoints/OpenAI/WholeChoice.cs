using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One finished answer of a response. Immutable.</summary>
internal sealed record WholeChoice(string Text, IReadOnlyList<TokenLogProbability> Tokens, IReadOnlyList<ToolCall> ToolCalls, FinishReason FinishReason);
