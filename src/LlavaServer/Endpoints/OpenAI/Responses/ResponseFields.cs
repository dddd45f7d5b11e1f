using System.Collections.Frozen;
using System.Text.Json;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>Every field of a responses request that the dialect knows: its own, and those of chat that say how an answer is generated.</summary>
internal static class ResponseFields
{
    /// <summary>Fields of chat that have another name here, or nothing to do with a response.</summary>
    private static readonly FrozenSet<string> s_ofChat = FrozenSet.Create(
        "model", "messages", "stream_options", "max_completion_tokens", "max_tokens", "n", "logprobs", "top_logprobs", "n_probs", "timings_per_token",
        "response_format", "tools", "tool_choice", "modalities", "functions", "function_call", "web_search_options", "audio", "prediction", "verbosity",
        "metadata", "service_tier", "reasoning_effort", "lora", "post_sampling_probs", "return_tokens", "verbose");

    public static IReadOnlyList<ChatField> All { get; } =
    [
        Honoured("model", "string", "Name of a model, see GET /v1/models. May be left out when one model is served."),
        Honoured("input", "string", "A text, or an array of items: messages with parts of input_text, input_image and input_file, function_call, function_call_output."),
        Honoured("instructions", "string", "System message in front of everything."),
        Honoured("max_output_tokens", "integer", "Tokens of the answer at most; -1 is the rest of the context."),
        Honoured("text", "object", "format: form of the answer, type text, json_object, or json_schema with schema, which is always held."),
        Honoured("tools", "array", "Functions that the model may call: name, description, parameters as a JSON schema, which is held, all of it when strict. Other types are skipped."),
        Honoured("tool_choice", "string", "none, auto, required, an object that names a function, or allowed_tools."),
        Honoured("top_logprobs", "integer", "0 to 20 most likely tokens beside each of the answer's."),
        Honoured("include", "array", "message.output_text.logprobs: log probabilities of the answer's tokens. Other values are ignored."),
        Honoured("metadata", "object", "Up to 16 texts, repeated in the answer."),
        Honoured("stream_options", "object", "include_progress: the stream tells how far the answer is while there is no text yet."),
        Honoured("truncation", "string", "disabled refuses a prompt that is too long; auto leaves out the oldest turns."),
        new("background", "boolean", "Answers that are fetched later. Only false in this version.", ChatFieldRule.NeutralOnly)
        {
            Neutral = "false",
            IsNeutral = static field => !field.AsBoolean(),
        },
        new("n", "integer", "Answers to the same input. Only 1: there is one output.", ChatFieldRule.NeutralOnly)
        {
            Neutral = "1",
            IsNeutral = static field => field.Kind == JsonValueKind.Number && field.AsInt64() == 1,
        },
        Refused("previous_response_id", "string", "This server keeps no responses; send the conversation in 'input'."),
        Refused("conversation", "object", "This server keeps no conversations; send them in 'input'."),
        Refused("prompt", "object", "This server keeps no prompts; send the text in 'instructions' and 'input'."),
        Refused("messages", "array", "A response is made of 'input'."),
        Refused("max_tokens", "integer", "It is 'max_output_tokens' here."),
        Refused("max_completion_tokens", "integer", "It is 'max_output_tokens' here."),
        Refused("response_format", "object", "It is 'text.format' here."),
        .. ChatFields.All.Where(static field => !s_ofChat.Contains(field.Name)),
        new("reasoning", "object", "effort: none, minimal, low, medium, high, xhigh or max, where the chat template knows it; none switches thinking off. Else accepted and ignored.", ChatFieldRule.Ignored),
        .. new[] { "service_tier", "max_tool_calls", "context_management" }
            .Select(static name => new ChatField(name, "object", "Accepted and ignored.", ChatFieldRule.Ignored)),
    ];

    public static IReadOnlyDictionary<string, ChatField> ByName { get; } = All.ToDictionary(static field => field.Name);

    private static ChatField Honoured(string name, string type, string description) => new(name, type, description, ChatFieldRule.Honoured);

    private static ChatField Refused(string name, string type, string description) => new(name, type, description, ChatFieldRule.Refused);
}
