using LlavaServer.Endpoints.Documentation;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Answers of the dialect's routes, for the description of the API.</summary>
internal static class AnthropicAnswers
{
    public static AnswerExample Message { get; } = new("Message", """
        {"id":"msg_1","type":"message","role":"assistant","model":"llava-mini","content":[{"type":"text","text":"A red circle.","citations":null}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":69,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5,"service_tier":"standard"}}
        """)
    {
        Error = Error,
    };

    public static AnswerExample Count { get; } = new("MessageTokens", """{"input_tokens":69}""") { Error = Error };

    /// <summary>The envelope of every refusal of this dialect.</summary>
    private static AnswerExample Error => new(
        "AnthropicError", """{"type":"error","error":{"type":"not_found_error","message":"The model `x` does not exist."},"request_id":"req_1"}""");
}
