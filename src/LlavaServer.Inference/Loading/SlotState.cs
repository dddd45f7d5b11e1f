namespace LlavaServer.Inference.Loading;

/// <summary>What one of a model's slots does. Immutable; numbers of different moments may stand beside each other.</summary>
public sealed record SlotState
{
    public required int Id { get; init; }

    /// <summary>Number of the request that it answers, or null: it is idle.</summary>
    public long? TaskId { get; init; }

    /// <summary>Positions of a sequence at most.</summary>
    public required int ContextLength { get; init; }

    public int PromptTokens { get; init; }

    /// <summary>Tokens of the answer so far.</summary>
    public int DecodedTokens { get; init; }
}
