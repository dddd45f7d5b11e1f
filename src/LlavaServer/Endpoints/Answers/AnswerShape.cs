namespace LlavaServer.Endpoints.Answers;

/// <summary>What the code that reads an answer has to know of it, whatever the dialect. Immutable.</summary>
internal sealed record AnswerShape
{
    /// <summary>Answers in the response: those of all prompts.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Answers to one prompt; they follow each other.</summary>
    public int ChoicesPerPrompt { get; init; } = 1;

    /// <summary>White space at the beginning of an answer is left out.</summary>
    public bool TrimsStart { get; init; } = true;

    /// <summary>The dialect has a place for what the model thinks; else only its answer is sent.</summary>
    public bool ShowsThinking { get; init; }

    /// <summary>The stream tells how far the answer is while there is no text yet.</summary>
    public bool IncludesProgress { get; init; }

    /// <summary>Seconds of silence before the stream shows that it is alive; null is the server's setting, negative is never.</summary>
    public double? PingSeconds { get; init; }
}
