namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One entry of <c>logit_bias</c>: a token, or a text whose tokens are meant. Immutable.</summary>
/// <param name="TokenId">Of the token, or -1.</param>
/// <param name="Text">Text, when there is no id.</param>
/// <param name="Bias">Added to the logits.</param>
/// <param name="Path">Of the entry.</param>
internal sealed record BiasEntry(int TokenId, string Text, float Bias, string Path);
