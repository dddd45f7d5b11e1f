using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>One object of an answer of <c>/api/chat</c> or <c>/api/generate</c>; the last one has <see cref="Done"/> and the metrics. Immutable.</summary>
internal abstract record OllamaAnswer
{
    /// <summary>The model as the caller named it.</summary>
    [JsonPropertyName("model")]
    [JsonPropertyOrder(-3)]
    public required string Model { get; init; }

    /// <summary>In universal time, so that it is written with a <c>Z</c>.</summary>
    [JsonPropertyName("created_at")]
    [JsonPropertyOrder(-2)]
    public required DateTime CreatedAt { get; init; }

    [JsonPropertyName("done")]
    public bool Done { get; init; }

    /// <summary><c>stop</c>, <c>length</c>, <c>load</c> or <c>unload</c>; only in the last object.</summary>
    [JsonPropertyName("done_reason")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DoneReason { get; init; }

    /// <summary>The tokens of this object's text, if they were asked for.</summary>
    [JsonPropertyName("logprobs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OllamaLogprob>? Logprobs { get; init; }

    /// <summary>The prompt, when it was asked for in place of an answer.</summary>
    [JsonPropertyName("_debug_info")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public OllamaDebugInfo? DebugInfo { get; init; }

    [JsonIgnore]
    public OllamaMetrics? Metrics { get; init; }

    /// <summary>Nanoseconds from the arrival of the request to the last token.</summary>
    [JsonPropertyName("total_duration")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TotalDuration => Metrics?.TotalDuration ?? 0;

    /// <summary>Nanoseconds of waiting for the queue and the model.</summary>
    [JsonPropertyName("load_duration")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long LoadDuration => Metrics?.LoadDuration ?? 0;

    /// <summary>Tokens of the prompt, image rows included.</summary>
    [JsonPropertyName("prompt_eval_count")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int PromptEvalCount => Metrics?.PromptEvalCount ?? 0;

    /// <summary>Nanoseconds of image encoding and prefill.</summary>
    [JsonPropertyName("prompt_eval_duration")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long PromptEvalDuration => Metrics?.PromptEvalDuration ?? 0;

    /// <summary>Tokens of the answer.</summary>
    [JsonPropertyName("eval_count")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int EvalCount => Metrics?.EvalCount ?? 0;

    /// <summary>Nanoseconds of decode.</summary>
    [JsonPropertyName("eval_duration")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long EvalDuration => Metrics?.EvalDuration ?? 0;
}
