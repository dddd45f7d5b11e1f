using System.Text.Json.Serialization;
using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Cli.Eval.Reports;

/// <summary>One model on one set: a row of the table, an element of the JSON file.</summary>
internal sealed record EvalResult
{
    public required string Set { get; init; }

    public required string Title { get; init; }

    public required string Model { get; init; }

    public required int Questions { get; init; }

    public required int Answered { get; init; }

    /// <summary>Asked in this run and without an answer at its end.</summary>
    public required int Failed { get; init; }

    /// <summary>Answers that belong to no question of the set.</summary>
    public int Strangers { get; init; }

    /// <summary>Answers that were cut at max_tokens.</summary>
    public int Cut { get; init; }

    public required double Temperature { get; init; }

    public required int MaxTokens { get; init; }

    public bool LetterPrompt { get; init; }

    public bool AllRounds { get; init; }

    public int? Limit { get; init; }

    public required string Answers { get; init; }

    /// <summary>Null where there were no labels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public EvalScore? Score { get; init; }
}
