using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One finished answer of a response. Immutable.</summary>
internal sealed record WholeChoice(string Text, IReadOnlyList<TokenLogProbability> Tokens, FinishReason FinishReason);
