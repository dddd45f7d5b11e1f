using System.Text.Json.Serialization;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>What an answer file tells about an answer beside its text. LLaVA's scripts write an empty object here.</summary>
internal sealed record EvalAnswerMetadata
{
    /// <summary><c>length</c>: the answer was cut at max_tokens.</summary>
    [JsonPropertyName("finish_reason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FinishReason { get; init; }
}
