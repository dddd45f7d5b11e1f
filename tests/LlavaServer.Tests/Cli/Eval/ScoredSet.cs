using System.Text.Json;
using LlavaServer.Cli.Eval.Asking;
using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Tests.Cli.Eval;

/// <summary>Scores answers that a test writes down, without asking anybody.</summary>
internal static class ScoredSet
{
    /// <param name="set">Name of the kind of set.</param>
    /// <param name="inputs">Its files.</param>
    /// <param name="answers">One for each question in order; null for a question without an answer.</param>
    public static async Task<EvalScore> ScoreAsync(string set, EvalInputs inputs, params string?[] answers)
    {
        var benchmark = BenchmarkList.Find(set)!;
        var questions = benchmark.Read(inputs);
        Assert.Equal(questions.Count, answers.Length);
        var pairs = questions.Zip(answers, static (question, text) => new AnsweredQuestion(
            question, text is null ? null : new EvalAnswer { QuestionId = question.Id, Prompt = question.Prompt, Text = text, RoundId = question.Round, AnswerId = "a" })).ToList();
        return (await benchmark.ScoreAsync(inputs, pairs, TestContext.Current.CancellationToken))!;
    }

    public static double Figure(this EvalScore score, string name) => score.Figures.Single(figure => figure.Key == name).Value;

    public static double Figure(this EvalCategory category, string name) => category.Figures.Single(figure => figure.Key == name).Value;

    public static string Question(object id, string text, string? category = null, string image = "p.png") =>
        JsonSerializer.Serialize(new { question_id = id, image, text, category });
}
