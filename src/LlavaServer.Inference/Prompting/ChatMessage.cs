namespace LlavaServer.Inference.Prompting;

/// <summary>One message of a conversation, neutral between the HTTP dialects. Immutable.</summary>
public sealed record ChatMessage(ChatRole Role, IReadOnlyList<MessagePart> Parts)
{
    /// <summary>What the assistant thought before this message; empty is nothing. Only templates that write it see it.</summary>
    public string Thinking { get; init; } = "";

    /// <summary>Calls that an assistant's message makes; empty for other roles.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call that a tool's message answers, or null.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Name of the tool of a tool's message, or null.</summary>
    public string? ToolName { get; init; }
}
