using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// LLaVA-Bench (Liu et al. 2023): a judge model gives two answers, the reference's first, a score from 1 to 10 each; the figure is the sum of the model's
/// scores over that of the reference's, in percent, by category (LLaVA's eval_gpt_review_bench.py and summarize_gpt_review.py). Reviews without two
/// numbers in their first line are left out and counted, where LLaVA's script counts them as -1.
/// </summary>
internal sealed class LlavaBenchBenchmark : IBenchmark
{
    public string Name => "llava-bench";

    public string Title => "LLaVA-Bench";

    public int MaxTokens => 1024;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs) => QuestionLines.Read(inputs);

    public async Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken)
    {
        if (inputs.Judge is not { } judge)
        {
            return null;
        }

        var reviews = await new PairJudge(judge).ReviewAsync(answers, cancellationToken);
        return Score(answers, reviews);
    }

    private static EvalScore Score(IReadOnlyList<AnsweredQuestion> answers, IReadOnlyList<PairReview?> reviews)
    {
        var judged = answers.Zip(reviews).Where(static pair => pair.Second?.Scores is not null).Select(static pair => (pair.First.Question.Category, Scores: pair.Second!.Scores!.Value)).ToList();
        var figures = Figures([.. judged.Select(static part => part.Scores)]);
        var open = answers.Count - judged.Count;
        return new EvalScore
        {
            Headline = "relative",
            Value = figures[0].Value,
            Figures = open == 0 ? figures : [.. figures, new("not judged", open)],
            Categories =
            [
                .. judged.GroupBy(static part => part.Category ?? "").OrderBy(static group => group.Key, StringComparer.Ordinal).Select(group =>
                {
                    var own = Figures([.. group.Select(static part => part.Scores)]);
                    return new EvalCategory { Name = group.Key, Questions = group.Count(), Value = own[0].Value, Figures = own };
                }),
            ],
        };
    }

    private static IReadOnlyList<KeyValuePair<string, double>> Figures(IReadOnlyList<(double Reference, double Model)> scores)
    {
        var (reference, model) = (scores.Sum(static pair => pair.Reference), scores.Sum(static pair => pair.Model));
        var count = Math.Max(1, scores.Count);
        return [new("relative", reference == 0 ? 0 : 100 * model / reference), new("reference", 10 * reference / count), new("model", 10 * model / count)];
    }
}
