namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>A text completion, read and checked field by field; its pictures are still text of the body. Lives as long as the body.</summary>
internal sealed record CompletionRequest : AnswerRequest
{
    public CompletionRequest(AnswerRequest common)
        : base(common)
    {
    }

    public required IReadOnlyList<CompletionPrompt> Prompts { get; init; }

    /// <summary>Text behind the gap; null when there is none.</summary>
    public string? Suffix { get; init; }

    /// <summary>The answer begins with the prompt.</summary>
    public bool Echoes { get; init; }

    /// <summary>Answers computed for a prompt, of which the best are given.</summary>
    public int BestOf { get; init; } = 1;

    /// <summary>Log probabilities are wanted by the caller, not only to find the best.</summary>
    public bool HasLogProbabilities { get; init; }
}
