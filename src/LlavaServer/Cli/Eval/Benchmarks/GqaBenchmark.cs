using System.Text.Json;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// GQA (Hudson and Manning 2019): exact match. As LLaVA prepares it (convert_gqa_for_eval.py), answers lose periods at their end and capitals, nothing
/// else. Labels: GQA's questions by id with their answer, or lines of question_id and answer. Categories are GQA's structural types.
/// </summary>
internal sealed class GqaBenchmark : IBenchmark
{
    public string Name => "gqa";

    public string Title => "GQA";

    public int MaxTokens => 128;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs) => QuestionLines.Read(inputs);

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken) =>
        Task.FromResult(inputs.Labels is null ? null : Score(inputs.Labels, answers));

    public bool WriteUpload(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, string path)
    {
        File.WriteAllText(path, JsonSerializer.Serialize(
            answers.Where(static pair => pair.Answer is not null).Select(static pair => new { questionId = pair.Question.Id, prediction = Prediction(pair.Text) }), JsonLines.Writing));
        return true;
    }

    internal static string Prediction(string text) => text.TrimEnd('.').ToLowerInvariant();

    private static EvalScore Score(string path, IReadOnlyList<AnsweredQuestion> answers)
    {
        var labels = Labels(path);
        return MeanScore.Of("accuracy", [.. answers.Select(pair => labels.TryGetValue(pair.Question.IdText, out var label)
            ? (label.Type ?? pair.Question.Category, pair.Answer is not null && Prediction(pair.Text) == label.Answer ? 1.0 : 0)
            : throw MeanScore.NoLabel(pair.Question, path))]);
    }

    private static Dictionary<string, (string Answer, string? Type)> Labels(string path) =>
        path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)
            ? JsonLines.ByKey(
                JsonLines.Read(path),
                line => EvalQuestion.TextOf(JsonLines.Member(line, "question_id", path)), line => (JsonLines.Text(line, "answer", path), JsonLines.TextOrNull(line, "category")))
            : JsonLines.ByKey(
                JsonLines.ReadObject(path).EnumerateObject(),
                static question => question.Name,
                question => (
                    JsonLines.Text(question.Value, "answer", path),
                    JsonLines.MemberOrNull(question.Value, "types") is { } types ? JsonLines.TextOrNull(types, "structural") : null));
}
