using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>One line of an answer file, with the fields of LLaVA's evaluation scripts.</summary>
internal sealed record EvalAnswer
{
    [JsonPropertyName("question_id")]
    public required JsonElement QuestionId { get; init; }

    [JsonPropertyName("round_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RoundId { get; init; }

    [JsonPropertyName("prompt")]
    public string Prompt { get; init; } = "";

    [JsonPropertyName("text")]
    public required string Text { get; init; }

    [JsonPropertyName("options"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Options { get; init; }

    [JsonPropertyName("option_char"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? OptionChar { get; init; }

    [JsonPropertyName("answer_id")]
    public string AnswerId { get; init; } = "";

    [JsonPropertyName("model_id")]
    public string ModelId { get; init; } = "";

    [JsonPropertyName("metadata")]
    public EvalAnswerMetadata Metadata { get; init; } = new();
}
