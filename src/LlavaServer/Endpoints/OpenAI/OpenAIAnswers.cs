using LlavaServer.Endpoints.Documentation;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Answers of the dialect's routes, for the description of the API.</summary>
internal static class OpenAIAnswers
{
    private const string Usage =
        """{"prompt_tokens":69,"completion_tokens":5,"total_tokens":74,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0,"image_tokens":64,"text_tokens":5},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}""";

    private const string Timings =
        """{"cache_n":0,"prompt_n":69,"prompt_ms":80.5,"prompt_per_token_ms":1.2,"prompt_per_second":857.1,"predicted_n":5,"predicted_ms":7.2,"predicted_per_token_ms":1.4,"predicted_per_second":694.4,"image_n":1,"image_encode_ms":30.5,"queue_ms":0.5,"load_ms":0,"ttft_ms":111.5}""";

    private const string OneModel =
        """{"id":"llava-mini","object":"model","created":1795399089,"owned_by":"llavaserver","shutdown_date":null,"meta":{"n_ctx":2048,"n_ctx_train":2048,"n_vocab":1152,"n_embd":192,"n_params":4145152,"size":8377376,"ftype":"F16"},"architecture":{"input_modalities":["text","image"],"output_modalities":["text"]},"capabilities":["completion","vision"],"aliases":["llava-mini:latest"]}""";

    public static AnswerExample Chat { get; } = new("ChatCompletion", $$$"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1795399089,"model":"llava-mini","choices":[{"index":0,"message":{"role":"assistant","content":"A red circle.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{{{Usage}}},"system_fingerprint":"fp_1","timings":{{{Timings}}}}
        """);

    public static AnswerExample Completion { get; } = new("TextCompletion", $$$"""
        {"id":"cmpl-1","object":"text_completion","created":1795399089,"model":"llava-mini","system_fingerprint":"fp_1","choices":[{"index":0,"text":" on the left","logprobs":null,"finish_reason":"length"}],"usage":{{{Usage}}},"timings":{{{Timings}}}}
        """);

    public static AnswerExample Models { get; } = new("ModelList", $$"""{"object":"list","data":[{{OneModel}}]}""");

    public static AnswerExample Model { get; } = new("Model", OneModel);

    public static AnswerExample Prompt { get; } = new("TemplatePrompt", """{"prompt":"USER: What do you see? ASSISTANT:"}""");

    public static AnswerExample Embeddings { get; } = new(
        "Embeddings",
        """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,-0.8]}],"model":"llava-mini","usage":{"prompt_tokens":5,"total_tokens":5}}""");

    public static AnswerExample Tokens { get; } = new("Tokens", """{"tokens":[{"id":281,"piece":" a"}]}""");

    public static AnswerExample Text { get; } = new("TokensText", """{"content":"What do you see?"}""");

    public static AnswerExample Props { get; } = new(
        "Props",
        """{"default_generation_settings":{"params":{"temperature":0.8,"top_k":40,"top_p":0.95,"min_p":0.05,"repeat_last_n":64,"repeat_penalty":1.5,"presence_penalty":0.5,"frequency_penalty":0.5},"n_ctx":2048},"total_slots":4,"model_alias":"llava-mini","model_path":"llava-mini.gguf","model_ftype":"F16","modalities":{"vision":true,"audio":false,"video":false},"media_marker":"<__media__>","chat_template":"","bos_token":"<s>","eos_token":"</s>","build_info":"llavaserver","is_sleeping":false}""");

    public static AnswerExample Slots { get; } = new(
        "SlotList",
        """[{"id":0,"id_task":-1,"n_ctx":2048,"speculative":false,"is_processing":false,"n_prompt_tokens":0,"n_decoded":0}]""");

    /// <summary>The envelope of every refusal of this dialect.</summary>
    public static AnswerExample Error { get; } = new(
        "OpenAIError",
        """{"error":{"message":"The model `x` does not exist.","type":"invalid_request_error","param":"model","code":"model_not_found"}}""");
}
