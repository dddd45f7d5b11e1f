using LlavaServer.Endpoints.OpenAI;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Every field of a message request that the dialect knows. The API's description is made from it too.</summary>
internal static class MessageFields
{
    public static IReadOnlyList<ChatField> All { get; } =
    [
        Honoured("model", "string", "Name of a model, see GET /v1/models. May be left out when one model is served."),
        Honoured("messages", "array", "The conversation: role user or assistant; content a text, or blocks of type text, image, tool_use, tool_result and thinking. A last message of the assistant is continued."),
        Honoured("system", "string", "What the model is told before the conversation: a text or text blocks."),
        Honoured("max_tokens", "integer", "Tokens of the answer at most. 4096 when left out."),
        Honoured("stop_sequences", "array", "Up to 16 texts that end the answer."),
        Honoured("stream", "boolean", "Answer as server-sent events."),
        Honoured("temperature", "number", "0 to 1; 0 always picks the most likely token."),
        Honoured("top_p", "number", "0 to 1."),
        Honoured("top_k", "integer", "0 is off."),
        Honoured("tools", "array", "Tools that may be called, each with name, description and input_schema."),
        Honoured("tool_choice", "object", "Of type auto, any, tool (with a name) or none; disable_parallel_tool_use allows one call at most."),
        Honoured("output_config", "object", "A format of type json_schema is held; its other members are ignored."),
        Ignored("metadata", "object"),
        Ignored("thinking", "object"),
        Ignored("service_tier", "string"),
        Ignored("cache_control", "object"),
        Ignored("container", "string"),
        Ignored("context_management", "object"),
        Ignored("inference_geo", "string"),
        new ChatField("mcp_servers", "array", "Servers of tools are not called by this server; only an empty array is accepted.", ChatFieldRule.NeutralOnly)
        {
            Neutral = "an empty array",
            IsNeutral = static field => !field.AsArray().Any(),
        },
    ];

    public static IReadOnlyDictionary<string, ChatField> ByName { get; } = All.ToDictionary(static field => field.Name);

    private static ChatField Honoured(string name, string type, string description) => new(name, type, description, ChatFieldRule.Honoured);

    private static ChatField Ignored(string name, string type) => new(name, type, "Accepted and ignored.", ChatFieldRule.Ignored);
}
