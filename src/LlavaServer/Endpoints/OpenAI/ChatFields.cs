using System.Text.Json;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Every field of a chat request that the dialect knows, in one table: what the reader honours, what is accepted because it changes nothing, and what is
/// refused by name rather than ignored. The API's description is made from it too.
/// </summary>
internal static class ChatFields
{
    public static IReadOnlyList<ChatField> All { get; } =
    [
        Honoured("model", "string", "Name of a model, see GET /v1/models. May be left out when one model is served."),
        Honoured("messages", "array", "The conversation: roles system, developer, user, assistant; content as text or as parts of text and image_url."),
        Honoured("stream", "boolean", "Answer as server-sent events."),
        Honoured("stream_options", "object", "include_usage: one more chunk with the token counts."),
        Honoured("max_completion_tokens", "integer", "Tokens of the answer at most; -1 is the rest of the context."),
        Honoured("max_tokens", "integer", "Older name of max_completion_tokens."),
        Honoured("n_predict", "integer", "llama-server's name of max_completion_tokens."),
        Honoured("temperature", "number", "0 to 2; 0 always takes the most likely token."),
        Honoured("top_p", "number", "0 to 1."),
        Honoured("top_k", "integer", "0 is off."),
        Honoured("min_p", "number", "0 to 1."),
        Honoured("typical_p", "number", "0 to 1; 1 is off."),
        Honoured("repeat_penalty", "number", "Above 0; 1 is off."),
        Honoured("repetition_penalty", "number", "Other name of repeat_penalty."),
        Honoured("repeat_last_n", "integer", "Tokens that the penalties look back; -1 is the context."),
        Honoured("frequency_penalty", "number", "-2 to 2."),
        Honoured("presence_penalty", "number", "-2 to 2."),
        Honoured("top_n_sigma", "number", "Standard deviations that a logit may lie below the largest; 0 or less is off."),
        Honoured("xtc_probability", "number", "0 to 1: how often the most likely tokens are taken out; 0 is off."),
        Honoured("xtc_threshold", "number", "0 to 1: probability from which xtc_probability counts a token as most likely; above 0.5 is off."),
        Honoured("min_keep", "integer", "Tokens that every filter but top_k leaves at least."),
        Honoured("dry_multiplier", "number", "0 to 1000: weight of the penalty for going on with a repeated run of tokens; 0 is off."),
        Honoured("dry_base", "number", "1 to 1000: the penalty grows by this factor with each token of the run."),
        Honoured("dry_allowed_length", "integer", "Length of a repeated run that is not punished."),
        Honoured("dry_penalty_last_n", "integer", "Tokens that dry_multiplier looks back; -1 is the context."),
        Honoured("dry_sequence_breakers", "array", "Up to 32 texts that no repeated run goes across."),
        Honoured("mirostat", "integer", "0, 1 or 2: version of mirostat, which takes the place of all other filters and penalties; 0 is off."),
        Honoured("mirostat_tau", "number", "0 to 100: surprise that mirostat aims at, in bits."),
        Honoured("mirostat_eta", "number", "0 to 1: how fast mirostat corrects itself."),
        Honoured("dynatemp_range", "number", "0 to 2: the temperature moves by this much to either side with the entropy; 0 is off."),
        Honoured("dynatemp_exponent", "number", "0 to 100: how the entropy is bent for dynatemp_range."),
        Honoured("samplers", "array", "The stages in order: penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature; or llama-server's letters."),
        Honoured("logit_bias", "object", "Token id, or text whose tokens are meant, to a number from -100 to 100, or to false: never. Or an array of such pairs."),
        Honoured("n", "integer", "Answers to the same prompt, computed once; at most Limits:Choices. Answer i uses seed + i."),
        Honoured("logprobs", "boolean", "Log probabilities of the answer's tokens, as the model gives them before penalties and filters."),
        Honoured("top_logprobs", "integer", "0 to 20 most likely tokens beside each; with logprobs."),
        Honoured("n_probs", "integer", "llama-server's name of logprobs with top_logprobs; 0 is none."),
        Honoured("ignore_eos", "boolean", "The answer goes on to its limit or a stop text."),
        Honoured("min_tokens", "integer", "Tokens of the answer before it may end by itself."),
        Honoured("t_max_predict_ms", "integer", "Milliseconds of the answer from its first token; then it ends with length. 0 is without."),
        Honoured("timings_per_token", "boolean", "Timings in every chunk with text."),
        Honoured("cache_prompt", "boolean", "False computes all of the prompt anew."),
        Honoured("id_slot", "integer", "-1, or the number of a slot: accepted, since any slot finds what another has stored."),
        Honoured("response_format", "object", "Form of the answer: type text, json_object, or json_schema with json_schema.schema, which is always held."),
        Honoured("json_schema", "object", "llama-server's form of response_format: the schema alone."),
        Honoured("grammar", "string", "GBNF grammar of the answer."),
        Honoured("seed", "integer", "The same request with the same seed gives the same answer; -1 is random."),
        Honoured("stop", "string", "A text, or up to 16 texts, that end the answer."),
        Honoured("return_progress", "boolean", "Chunks of a stream tell how far the answer is while there is no text yet, as stream_options.include_progress."),
        Honoured("sse_ping_interval", "number", "Seconds of silence after which a comment line is sent; -1 is never."),
        Honoured("continue_final_message", "boolean", "Continues the assistant's last message instead of answering it."),
        Honoured("add_generation_prompt", "boolean", "False: nothing follows the last message, not even the beginning of an answer."),
        Honoured("tools", "array", "Functions that the model may call: name, description, parameters as a JSON schema, which is always held."),
        Honoured("tool_choice", "string", "none, auto, required, an object that names a function, or allowed_tools."),
        Honoured("parallel_tool_calls", "boolean", "False: one call at most."),
        Honoured("chat_template_kwargs", "object", "Variables of the chat template, for example enable_thinking."),
        Honoured("reasoning_format", "string", "Where a model that thinks has its thoughts: auto or deepseek in reasoning_content, none in content, between its markers."),
        Honoured("service_tier", "string", "Answered with default."),

        Neutral("modalities", "array", "Kinds of output.", "[\"text\"]", IsTextOnly),

        Refused("functions", "array", "Superseded by tools."),
        Refused("function_call", "string", "Superseded by tool_choice."),
        Refused("web_search_options", "object", "This server does not search the web."),

        .. new[]
        {
            "audio", "prediction", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
            "metadata", "store", "verbosity", "moderation", "lora", "post_sampling_probs", "return_tokens", "verbose",
        }.Select(static name => new ChatField(name, "object", "Accepted and ignored.", ChatFieldRule.Ignored)),
        new("reasoning_effort", "string", "none, minimal, low, medium, high, xhigh or max, where the chat template knows it; none switches thinking off. Else accepted and ignored.", ChatFieldRule.Ignored),
    ];

    public static IReadOnlyDictionary<string, ChatField> ByName { get; } = All.ToDictionary(static field => field.Name);

    private static ChatField Honoured(string name, string type, string description) => new(name, type, description, ChatFieldRule.Honoured);

    private static ChatField Refused(string name, string type, string description) =>
        new(name, type, $"{description} Not supported by this version.", ChatFieldRule.Refused);

    private static ChatField Neutral(string name, string type, string description, string neutral, Func<JsonField, bool> isNeutral) =>
        new(name, type, $"{description} Only {neutral} in this version.", ChatFieldRule.NeutralOnly) { Neutral = neutral, IsNeutral = isNeutral };

    private static bool IsTextOnly(JsonField field)
    {
        var items = field.AsArray(8).Select(static item => item.AsString()).ToList();
        return items.Count > 0 && items.TrueForAll(static item => item == "text");
    }
}
