namespace LlavaServer.Endpoints.Ollama;

/// <summary>A piece of an answer before it takes the shape of chat or generate. The last one has a reason. Immutable.</summary>
internal sealed record OllamaPiece(string Model, DateTimeOffset CreatedAt, string Text)
{
    /// <summary><c>stop</c>, <c>length</c>, <c>load</c> or <c>unload</c>.</summary>
    public string? DoneReason { get; init; }

    public OllamaMetrics? Metrics { get; init; }

    /// <summary>What the model thought; null is nothing.</summary>
    public string? Thinking { get; init; }

    /// <summary>Whole calls of tools, only in answers to chats; null is none.</summary>
    public IReadOnlyList<OllamaToolCall>? ToolCalls { get; init; }

    /// <summary>The tokens of the text, if they were asked for.</summary>
    public IReadOnlyList<OllamaLogprob>? Logprobs { get; init; }

    /// <summary>Tokens of prompt and answer, only in the last piece of an answer to a prompt.</summary>
    public IReadOnlyList<int>? Context { get; init; }

    /// <summary>Only in the answer to a request that is rendered and not answered.</summary>
    public OllamaDebugInfo? DebugInfo { get; init; }

    public OllamaChatAnswer ToChat() => new()
    {
        Model = Model,
        CreatedAt = CreatedAt.UtcDateTime,
        Message = new OllamaMessage { Role = "assistant", Content = Text, Thinking = Thinking, ToolCalls = ToolCalls },
        Done = DoneReason is not null,
        DoneReason = DoneReason,
        Metrics = Metrics,
        Logprobs = Logprobs,
        DebugInfo = DebugInfo,
    };

    public OllamaGenerateAnswer ToGenerate() => new()
    {
        Model = Model,
        CreatedAt = CreatedAt.UtcDateTime,
        Response = Text,
        Thinking = Thinking,
        Context = Context,
        Done = DoneReason is not null,
        DoneReason = DoneReason,
        Metrics = Metrics,
        Logprobs = Logprobs,
        DebugInfo = DebugInfo,
    };
}
