namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One input of an embeddings request as it was written. Lives as long as the body.</summary>
/// <param name="Parts">Texts and pictures; empty for token ids.</param>
/// <param name="TokenIds">Token ids, or null.</param>
/// <param name="Path">Where it stands.</param>
internal sealed record EmbeddingField(IReadOnlyList<RequestPart> Parts, IReadOnlyList<int>? TokenIds, string Path);
