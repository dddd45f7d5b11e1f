using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class MmeScoreTests : IDisposable
{
    private readonly EvalFolder _folder = new();

    public MmeScoreTests()
    {
        _folder.Write("mme/existence/a.txt", "Is there a cat in this image? Please answer yes or no.\tYes", "Is there a dog in this image? Please answer yes or no.\tNo");
        _folder.Write("mme/existence/b.txt", "Is there a bus in this image?  Please answer yes or no.\tYes", "Is there a car in this image?  Please answer yes or no.\tNo");
        _folder.Write("mme/code_reasoning/questions_answers_YN/c.txt", "Is it 3? Please answer yes or no.\tNo", "Is it 4? Please answer yes or no.\tYes");
        foreach (var picture in (string[])["mme/existence/a.jpg", "mme/existence/b.png", "mme/code_reasoning/images/c.png"])
        {
            _folder.Write(picture, "picture");
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Yes", "yes")]
    [InlineData("No.", "no")]
    [InlineData("YES!", "yes")]
    [InlineData(" yes", "yes")]
    [InlineData("not", "no")]
    [InlineData("I know", "other")]
    [InlineData("Well, yes", "other")]
    [InlineData("Eno", "no")]
    [InlineData("", "other")]
    public void Reading_FirstFourLetters_AsThePublishedRule(string answer, string expected) => Assert.Equal(expected, MmeBenchmark.Reading(answer));

    [Fact]
    public async Task Score_LlavasQuestions_EqualsHandComputedAccuracies()
    {
        const string suffix = "\nAnswer the question using a single word or phrase.";
        var inputs = new EvalInputs
        {
            Labels = _folder.Path("mme"),
            Questions = _folder.Write(
                "q.jsonl",
                ScoredSet.Question("existence/a.jpg", "Is there a cat in this image?" + suffix),
                ScoredSet.Question("existence/a.jpg", "Is there a dog in this image?" + suffix),
                ScoredSet.Question("existence/b.png", "Is there a bus in this image?" + suffix),
                ScoredSet.Question("existence/b.png", "Is there a car in this image?" + suffix),
                ScoredSet.Question("code_reasoning/c.png", "Is it 3?" + suffix),
                ScoredSet.Question("code_reasoning/c.png", "Is it 4?" + suffix)),
        };

        // existence: 3 of 4 questions right (75), 1 of 2 pictures with both (50): 125. code_reasoning: 1 of 2 (50), no picture (0): 50.
        var score = await ScoredSet.ScoreAsync("mme", inputs, "Yes", "No", "Yes", "Yes", "No", "perhaps");
        Assert.Equal((125, 50, 175), (score.Figure("perception"), score.Figure("cognition"), score.Value));
        Assert.Equal(400, score.Best);
        var existence = score.Categories.Single(category => category.Name == "existence");
        Assert.Equal((75, 50, 125), (existence.Figure("accuracy"), existence.Figure("accuracy+"), existence.Value));
    }

    [Fact]
    public async Task Read_TheBenchmarksFolders_QuestionsAreUnchanged()
    {
        var inputs = new EvalInputs { Labels = _folder.Path("mme") };
        var questions = BenchmarkList.Find("mme")!.Read(inputs);
        Assert.Equal(["code_reasoning/c.png", "code_reasoning/c.png", "existence/a.jpg", "existence/a.jpg", "existence/b.png", "existence/b.png"], questions.Select(static question => question.IdText));
        Assert.Equal("Is it 3? Please answer yes or no.", questions[0].Text);
        Assert.All(questions, static question => Assert.True(File.Exists(question.PicturePath)));
        Assert.Equal(400, (await ScoredSet.ScoreAsync("mme", inputs, "no", "yes", "yes", "no", "yes", "no")).Value);
    }

    [Fact]
    public async Task Upload_EvalToolsForm_HasFourColumns()
    {
        var inputs = new EvalInputs { Labels = _folder.Path("mme"), Limit = 2 };
        var benchmark = BenchmarkList.Find("mme")!;
        await ScoredSet.ScoreAsync("mme", inputs, "No", "Yes");
        var pairs = benchmark.Read(inputs).Select(static question => new LlavaServer.Cli.Eval.Asking.AnsweredQuestion(question, null)).ToList();
        Assert.True(benchmark.WriteUpload(inputs, pairs, _folder.Path("up")));
        Assert.Equal("c.txt\tIs it 3? Please answer yes or no.\tNo\t", File.ReadAllLines(_folder.Path("up/code_reasoning.txt"))[0]);
    }
}
