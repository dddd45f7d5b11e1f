using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class PopeScoreTests : IDisposable
{
    private readonly EvalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Yes", true)]
    [InlineData("No", false)]
    [InlineData("no", false)]
    [InlineData("No, there is no cat.", false)]
    [InlineData("There is not, I think", false)]
    [InlineData("Yes. No.", true)]
    [InlineData("NO", true)]
    [InlineData("Nope", true)]
    [InlineData("Yes, no doubt", false)]
    [InlineData("I can see nothing", true)]
    [InlineData("", true)]
    [InlineData("No.", false)]
    [InlineData("No\nYes", true)]
    public void SaysYes_WordsOfTheFirstSentence_AsThePublishedRule(string answer, bool expected) => Assert.Equal(expected, PopeBenchmark.SaysYes(answer));

    [Fact]
    public async Task Score_TwoSamplings_EqualsHandComputedFigures()
    {
        string[] questions =
        [
            .. Enumerable.Range(0, 5).Select(i => ScoredSet.Question(i, $"Is there a thing {i}?", "random")),
            .. Enumerable.Range(5, 4).Select(i => ScoredSet.Question(i, $"Is there a thing {i}?", "popular")),
        ];
        _folder.Write("coco/coco_pope_random.json", Labels("yes", "yes", "no", "no", "yes"));
        _folder.Write("coco/coco_pope_popular.json", Labels("no", "yes", "no", "no"));
        var inputs = new EvalInputs { Questions = _folder.Write("q.jsonl", questions), Labels = _folder.Path("coco") };

        // random: yes/yes TP, yes/no FN, no/yes FP, no/no TN, yes/yes TP. popular: no/yes FP, yes/yes TP, no/no TN, no/nothing: wrong, FP.
        var score = await ScoredSet.ScoreAsync("pope", inputs, "Yes", "No", "Yes", "No", "Yes, there is.", "Yes", "Yes", "No", null);

        // random: precision 2/3, recall 2/3, F1 2/3, accuracy 3/5, said yes 3 of 5.
        var random = score.Categories.Single(category => category.Name == "random");
        Assert.Equal((200.0 / 3, 60, 60), (random.Figure("F1"), random.Figure("accuracy"), random.Figure("yes ratio")), Near);

        // popular: precision 1/3, recall 1, F1 2 * 1/3 / (4/3) = 1/2, accuracy 2/4, said yes 2 of 3 answered.
        var popular = score.Categories.Single(category => category.Name == "popular");
        Assert.Equal((50, 50, 200.0 / 3), (popular.Figure("F1"), popular.Figure("accuracy"), popular.Figure("yes ratio")), Near);

        // The headline is the mean of the samplings: (66.667 + 50) / 2. Over all: TP 3, FP 3, FN 1, TN 2: accuracy 5/9, precision 1/2, recall 3/4, F1 0.6.
        Assert.Equal((175.0 / 3, 60, 500.0 / 9), (score.Value, score.Figure("F1"), score.Figure("accuracy")), Near);
        Assert.Equal((50, 75, 62.5), (score.Figure("precision"), score.Figure("recall"), score.Figure("yes ratio")), Near);
    }

    [Fact]
    public async Task Score_NobodySaysYes_RatesWithoutDenominatorAreZero()
    {
        var inputs = new EvalInputs { Questions = _folder.Write("q.jsonl", ScoredSet.Question(1, "a"), ScoredSet.Question(2, "b")), Labels = _folder.Write("labels.json", Labels("yes", "no")) };
        var score = await ScoredSet.ScoreAsync("pope", inputs, "No", "No");
        Assert.Equal((0, 0, 50), (score.Value, score.Figure("precision"), score.Figure("accuracy")), Near);
    }

    private static string[] Labels(params string[] labels) => [.. labels.Select(static label => $$"""{"question_id":1,"image":"p.png","text":"?","label":"{{label}}"}""")];

    private static bool Near((double, double, double) expected, (double, double, double) actual) =>
        Math.Abs(expected.Item1 - actual.Item1) < 1e-9 && Math.Abs(expected.Item2 - actual.Item2) < 1e-9 && Math.Abs(expected.Item3 - actual.Item3) < 1e-9;
}
