using LlavaServer.Endpoints.Documentation;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Bodies of the dialect's requests, for the description of the API.</summary>
internal static class OllamaExamples
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static readonly (string Name, string Type, string Description)[] Shared =
    [
        ("model", "string", "Name of a model, with or without its tag."),
        ("stream", "boolean", "One JSON object a line as the answer grows (default), or one object at the end."),
        ("options", "object", "num_predict, num_ctx, temperature, top_k, top_p, min_p, typical_p, seed, stop, repeat_last_n, repeat_penalty, presence_penalty, frequency_penalty."),
        ("keep_alive", "string", "How long the model stays loaded; this version keeps it."),
        ("logprobs", "boolean", "Tokens of the answer come with their probabilities."),
        ("top_logprobs", "integer", "With logprobs: this many of the most likely tokens in each place, 0 to 20."),
        ("think", "boolean", "Whether a model that can thinks before it answers (default): true, false, or low, medium, high, max. What it thinks comes apart, as thinking."),
        ("truncate", "boolean", "Whether the oldest messages are dropped when the prompt does not fit (default)."),
    ];

    private static readonly (string Name, string Type, string Description)[] s_transfer =
    [
        ("model", "string", "Name of a model, with the host of its registry unless it is Ollama's."),
        ("insecure", "boolean", "Plain HTTP."),
        ("stream", "boolean", "One JSON object a line as it goes on (default), or the last one alone."),
    ];

    public static RequestExample Chat { get; } = new($$"""
        {"model":"llava-mini","messages":[{"role":"user","content":"What is in this picture?","images":["{{Pixel}}"]}],"stream":false}
        """)
    {
        Members =
        [
            .. Shared,
            ("messages", "array", "The conversation: role (system, user, assistant, tool), content, images (base64), tool_calls. Empty only loads the model."),
            ("tools", "array", "Functions that the model may call; calls come whole, in a message's tool_calls."),
        ],
    };

    public static RequestExample Generate { get; } = new($$"""
        {"model":"llava-mini","prompt":"What is in this picture?","images":["{{Pixel}}"],"stream":false}
        """)
    {
        Members =
        [
            .. Shared,
            ("prompt", "string", "The question. Empty only loads the model."),
            ("images", "array", "Pictures as base64: PNG, JPEG, WebP, GIF, BMP."),
            ("system", "string", "System text in front of the question."),
            ("context", "array", "Tokens of an earlier conversation: the context of its last answer."),
            ("suffix", "string", "Text behind the gap that is filled; only for models with tokens or a template for it."),
            ("template", "string", "Go template in place of the model's own."),
            ("raw", "boolean", "The prompt goes to the model untouched, without a chat template."),
        ],
    };

    public static RequestExample Embed { get; } = new("""{"model":"llava-mini","input":["a red circle","a blue square"]}""")
    {
        Members =
        [
            ("model", "string", "Name of a model, with or without its tag."),
            ("input", "array", "Texts, or one text. None only loads the model."),
            ("truncate", "boolean", "Whether a text that is longer than the context loses its end (default), or is refused."),
            ("dimensions", "integer", "Numbers of a vector at most; it has length 1 again."),
            ("options", "object", "num_ctx; the others do nothing here."),
            ("keep_alive", "string", "How long the model stays loaded."),
        ],
    };

    public static RequestExample Embeddings { get; } = new("""{"model":"llava-mini","prompt":"a red circle"}""")
    {
        Members =
        [
            ("model", "string", "Name of a model, with or without its tag."),
            ("prompt", "string", "The text. None only loads the model."),
            ("options", "object", "num_ctx; the others do nothing here."),
            ("keep_alive", "string", "How long the model stays loaded."),
        ],
    };

    public static RequestExample Copy { get; } = new("""{"source":"llava-mini","destination":"my-llava"}""")
    {
        Members = [("source", "string", "Name of a model."), ("destination", "string", "Its second name; a model that has it is replaced.")],
    };

    public static RequestExample Pull { get; } = new("""{"model":"llava:7b"}""") { Members = s_transfer };

    public static RequestExample Push { get; } = new("""{"model":"registry.example.org/me/my-llava"}""") { Members = s_transfer };

    public static RequestExample Create { get; } = new("""{"model":"careful","from":"llava-mini","system":"Answer in one word.","parameters":{"temperature":0}}""")
    {
        Members =
        [
            ("model", "string", "Name of the new model; one that has it is replaced."),
            ("from", "string", "Name of the model to begin with; it is pulled when it is not there."),
            ("insecure", "boolean", "Plain HTTP for that."),
            ("files", "object", "Names and digests of uploaded files: GGUF (model and projector, parts of a split model), or a checkpoint with safetensors, config.json and tokenizer."),
            ("adapters", "object", "Name and digest of an uploaded LoRA in GGUF."),
            ("draft_files", "object", "Name and digest of an uploaded draft model in GGUF."),
            ("quantize", "string", "Format of the new weights: Q8_0, Q4_0, Q4_K_M and the others of llama-quantize that need no importance matrix."),
            ("draft_quantize", "string", "Format of the draft model."),
            ("template", "string", "Go template in place of the base's."),
            ("system", "string", "System text in place of the base's."),
            ("license", "string", "A license or an array of them, added to those of the base."),
            ("parameters", "object", "Options over those of the base."),
            ("messages", "array", "Messages that every conversation begins with (role, content), in place of the base's."),
            ("renderer", "string", "Name of Ollama's built-in writer of prompts; kept for Ollama."),
            ("parser", "string", "Name of Ollama's built-in reader of answers; kept for Ollama."),
            ("requires", "string", "Version of Ollama that the model needs; kept for Ollama."),
            ("info", "object", "What the model's configuration says: capabilities, model_family, base_name, parameter_size, quantization_level, context_length, embedding_length."),
            ("stream", "boolean", "One JSON object a line as it goes on (default), or the last one alone."),
        ],
    };

    public static RequestExample Delete { get; } = new("""{"model":"my-llava"}""")
    {
        Members = [("model", "string", "Name of a model of the store.")],
    };

    public static RequestExample Stop { get; } = new("""{"model":"llava-mini"}""")
    {
        Members = [("model", "string", "Name of a model in memory.")],
    };

    public static RequestExample Show { get; } = new("""{"model":"llava-mini"}""")
    {
        Members = [("model", "string", "Name of a model, with or without its tag."), ("verbose", "boolean", "Long arrays, such as the vocabulary, are given too.")],
    };
}
