namespace LlavaServer.Inference;

/// <summary>Tokens of one generation. Image rows count as prompt tokens.</summary>
public sealed record UsageDetails
{
    public required int PromptTokens { get; init; }

    public required int CompletionTokens { get; init; }

    /// <summary>Completion tokens up to the end of what the model thought before it answered, markers included.</summary>
    public int ReasoningTokens { get; init; }

    /// <summary>Prompt tokens whose keys and values were there already.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Image rows among the prompt tokens.</summary>
    public int ImageTokens { get; init; }
}
