namespace LlavaServer.Endpoints.Ollama;

/// <summary>A piece of an answer before it takes the shape of chat or generate. The last one has a reason. Immutable.</summary>
internal sealed record OllamaPiece(string Model, DateTimeOffset CreatedAt, string Text)
{
    /// <summary><c>stop</c>, <c>length</c>, <c>load</c> or <c>unload</c>.</summary>
    public string? DoneReason { get; init; }

    public OllamaMetrics? Metrics { get; init; }

    /// <summary>Whole calls of tools, only in answers to chats; null is none.</summary>
    public IReadOnlyList<OllamaToolCall>? ToolCalls { get; init; }

    public OllamaChatAnswer ToChat() => new()
    {
        Model = Model,
        CreatedAt = CreatedAt.UtcDateTime,
        Message = new OllamaMessage { Role = "assistant", Content = Text, ToolCalls = ToolCalls },
        Done = DoneReason is not null,
        DoneReason = DoneReason,
        Metrics = Metrics,
    };

    public OllamaGenerateAnswer ToGenerate() => new()
    {
        Model = Model,
        CreatedAt = CreatedAt.UtcDateTime,
        Response = Text,
        Done = DoneReason is not null,
        DoneReason = DoneReason,
        Metrics = Metrics,
    };
}
