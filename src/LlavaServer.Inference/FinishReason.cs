namespace LlavaServer.Inference;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended its answer, or a stop text was reached.</summary>
    Stop,

    /// <summary>The limit of tokens, the context or the time was reached.</summary>
    Length,

    /// <summary>The model ended its answer, which calls at least one tool.</summary>
    ToolCalls,
}
