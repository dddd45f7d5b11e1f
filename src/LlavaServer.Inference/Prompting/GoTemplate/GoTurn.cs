using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A message as Go templates see it, neighbours of one role joined. Immutable.</summary>
internal sealed record GoTurn(ChatRole Role, JinjaText Content, IReadOnlyList<ToolCall> Calls)
{
    public JinjaText Thinking { get; init; } = JinjaText.Empty;

    public int ImageCount { get; init; }

    public string? ToolName { get; init; }

    public string? ToolCallId { get; init; }
}
