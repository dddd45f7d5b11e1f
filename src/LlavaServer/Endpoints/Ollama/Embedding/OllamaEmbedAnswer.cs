using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary>Answer of <c>POST /api/embed</c>. Immutable.</summary>
internal sealed record OllamaEmbedAnswer
{
    /// <summary>The model as the caller named it.</summary>
    [JsonPropertyName("model")]
    public required string Model { get; init; }

    /// <summary>One vector of length 1 for each input, in their order.</summary>
    [JsonPropertyName("embeddings")]
    public required IReadOnlyList<float[]> Embeddings { get; init; }

    /// <summary>Nanoseconds from the arrival of the request to the last vector.</summary>
    [JsonPropertyName("total_duration")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TotalDuration { get; init; }

    /// <summary>Nanoseconds of waiting for the queue and the model.</summary>
    [JsonPropertyName("load_duration")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long LoadDuration { get; init; }

    /// <summary>Tokens of all inputs.</summary>
    [JsonPropertyName("prompt_eval_count")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int PromptEvalCount { get; init; }
}
