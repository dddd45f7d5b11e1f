using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Answers;

/// <summary>How the log and the OpenAI dialect call the reasons of an answer's end.</summary>
internal static class FinishReasons
{
    public static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        _ => "stop",
    };
}
