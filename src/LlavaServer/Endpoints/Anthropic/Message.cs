using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>What an answer says of itself, and how this dialect calls things. Immutable.</summary>
internal sealed record Message
{
    private const string OpenAICall = "call_";

    public string Id { get; init; } = ChatAnswer.NewId("msg_");

    public required string Model { get; init; }

    public static string StopReasonOf(FinishReason reason, string? stopText) => reason switch
    {
        FinishReason.Length => "max_tokens",
        FinishReason.ToolCalls => "tool_use",
        _ => stopText is null ? "end_turn" : "stop_sequence",
    };

    /// <summary>The id of a call as this dialect begins it.</summary>
    public static string CallId(string id) => id.StartsWith(OpenAICall, StringComparison.Ordinal) ? "toolu_" + id[OpenAICall.Length..] : id;
}
