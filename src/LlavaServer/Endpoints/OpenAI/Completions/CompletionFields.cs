using System.Collections.Frozen;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>Every field of a text completion that the dialect knows: those of chat that have nothing to do with conversations, and its own.</summary>
internal static class CompletionFields
{
    private static readonly FrozenSet<string> s_ofConversations = FrozenSet.Create(
        "messages", "max_completion_tokens", "logprobs", "top_logprobs", "continue_final_message", "add_generation_prompt", "tools", "tool_choice",
        "parallel_tool_calls", "modalities", "chat_template_kwargs", "functions", "function_call", "audio", "reasoning_effort", "prediction", "verbosity");

    public static IReadOnlyList<ChatField> All { get; } =
    [
        Honoured("prompt", "string", "A text, an array of texts, token ids, or an array of such; or prompt_string with multimodal_data. No template is applied."),
        Honoured("suffix", "string", "Text behind the gap that is filled; only for models with tokens for it."),
        Honoured("echo", "boolean", "The answer begins with the prompt."),
        Honoured("best_of", "integer", "Answers of which the n with the highest mean log probability are given; not as a stream."),
        Honoured("logprobs", "integer", "0 to 5 most likely tokens beside each of the answer's."),
        .. ChatFields.All.Where(static field => !s_ofConversations.Contains(field.Name)),
    ];

    public static IReadOnlyDictionary<string, ChatField> ByName { get; } = All.ToDictionary(static field => field.Name);

    private static ChatField Honoured(string name, string type, string description) => new(name, type, description, ChatFieldRule.Honoured);
}
