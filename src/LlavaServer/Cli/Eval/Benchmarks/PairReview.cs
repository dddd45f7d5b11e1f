using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>One line of a file of reviews, with the fields of LLaVA's script.</summary>
internal sealed record PairReview
{
    [JsonPropertyName("id")]
    public int Id { get; init; }

    [JsonPropertyName("question_id")]
    public required JsonElement QuestionId { get; init; }

    [JsonPropertyName("answer1_id")]
    public JsonElement Answer1Id { get; init; }

    [JsonPropertyName("answer2_id")]
    public JsonElement Answer2Id { get; init; }

    [JsonPropertyName("category")]
    public string Category { get; init; } = "";

    [JsonPropertyName("content")]
    public required string Content { get; init; }

    [JsonPropertyName("tuple")]
    public IReadOnlyList<double> Tuple { get; init; } = [-1, -1];

    /// <summary>The reference's and the model's score; null where the judge's first line has no two numbers.</summary>
    [JsonIgnore]
    public (double Reference, double Model)? Scores => Tuple is [>= 0, >= 0] ? (Tuple[0], Tuple[1]) : null;

    /// <summary>Reads the first line: two numbers with spaces or commas between.</summary>
    public static IReadOnlyList<double> Read(string content)
    {
        var words = content.TrimStart().Split('\n')[0].Split([' ', ',', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 2 && double.TryParse(words[0], CultureInfo.InvariantCulture, out var first) && double.TryParse(words[1], CultureInfo.InvariantCulture, out var second) && first >= 0 && second >= 0
            ? [first, second]
            : [-1, -1];
    }
}
