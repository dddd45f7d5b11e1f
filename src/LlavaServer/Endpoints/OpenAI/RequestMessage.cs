using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One message of a request; its pictures are still text of the body.</summary>
internal sealed record RequestMessage(ChatRole Role, IReadOnlyList<RequestPart> Parts)
{
    /// <summary>What the assistant thought before; empty is nothing.</summary>
    public string Thinking { get; init; } = "";

    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call that a result answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The tool that a result is of, if it is known.</summary>
    public string? ToolName { get; init; }
}
