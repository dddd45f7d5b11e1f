using System.Text.Json;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// VQAv2 (Goyal et al. 2017) with its soft accuracy over ten people. As LLaVA submits it: answers go through the EvalAI processor
/// (convert_vqav2_for_submission.py) and then through VQA's own script. Categories are VQA's answer types.
/// </summary>
internal sealed class VqaBenchmark : IBenchmark
{
    public string Name => "vqav2";

    public string Title => "VQAv2";

    public int MaxTokens => 128;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs) => QuestionLines.Read(inputs);

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken) =>
        Task.FromResult(inputs.Labels is null ? null : Score(inputs.Labels, answers));

    public bool WriteUpload(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, string path)
    {
        File.WriteAllText(path, JsonSerializer.Serialize(
            answers.Select(static pair => new { question_id = pair.Question.Id, answer = AnswerNormalizer.EvalAI(pair.Text) }), JsonLines.Writing));
        return true;
    }

    /// <summary>The worth of one answer, from 0 to 1.</summary>
    internal static double Worth(string answer, IReadOnlyList<string> people)
    {
        var said = AnswerNormalizer.Vqa(AnswerNormalizer.EvalAI(answer));

        // The script leaves unanimous answers as they are.
        return SoftAccuracy.Of(said, people.Distinct(StringComparer.Ordinal).Count() > 1 ? [.. people.Select(AnswerNormalizer.Punctuation)] : people);
    }

    private static EvalScore Score(string path, IReadOnlyList<AnsweredQuestion> answers)
    {
        var labels = JsonLines.ByKey(
            JsonLines.Items(JsonLines.ReadWhole(path), "annotations", path), label => EvalQuestion.TextOf(JsonLines.Member(label, "question_id", path)), static label => label);
        return MeanScore.Of("accuracy", [.. answers.Select(pair =>
        {
            if (!labels.TryGetValue(pair.Question.IdText, out var label))
            {
                throw MeanScore.NoLabel(pair.Question, path);
            }

            var people = JsonLines.Items(label, "answers", path).Select(person => JsonLines.Text(person, "answer", path)).ToList();
            return (JsonLines.TextOrNull(label, "answer_type"), pair.Answer is null ? 0 : Worth(pair.Text, people));
        })]);
    }
}
