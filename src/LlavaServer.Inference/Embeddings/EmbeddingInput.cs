using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Embeddings;

/// <summary>One input: it becomes one vector. Immutable.</summary>
/// <param name="Parts">Texts, tokens and pictures; pictures go in front.</param>
/// <param name="Path">Where it stands in the caller's request, for example <c>input[2]</c>.</param>
public sealed record EmbeddingInput(IReadOnlyList<MessagePart> Parts, string Path);
