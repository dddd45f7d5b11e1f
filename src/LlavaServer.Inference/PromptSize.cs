namespace LlavaServer.Inference;

/// <summary>What a prompt takes in the context.</summary>
/// <param name="Tokens">All positions.</param>
/// <param name="ImageTokens">Those of pictures.</param>
public readonly record struct PromptSize(int Tokens, int ImageTokens)
{
    /// <summary>Positions that the request may use; an answer needs at least one behind the prompt.</summary>
    public int ContextLength { get; init; }
}
