using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class ChoiceScoreTests : IDisposable
{
    private const string Picture = "iVBORw0KGgo=";
    private readonly EvalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("B", 4, 1)]
    [InlineData("B. blue", 4, 1)]
    [InlineData("B.", 4, -1)]
    [InlineData("b", 4, -1)]
    [InlineData("The answer is C.", 4, 2)]
    [InlineData("The answer is C. Or: The answer is D.", 4, -1)]
    [InlineData("The answer is C", 4, -1)]
    [InlineData("blue", 4, -1)]
    [InlineData("E", 4, -1)]
    [InlineData("E", 5, 4)]
    [InlineData("", 4, -1)]
    public void ScienceQa_LetterForms_AsThePublishedRule(string answer, int choices, int expected) => Assert.Equal(expected, ScienceQaBenchmark.Choice(answer, choices));

    [Fact]
    public async Task ScienceQa_PicturesAreHalf_EqualsHandComputedShares()
    {
        var inputs = new EvalInputs
        {
            Questions = _folder.Write(
                "q.json",
                """
                [{"id":"4","image":"4/image.png","conversations":[{"from":"human","value":"<image>\nWhich?\nA. x\nB. y"}]},
                 {"id":"7","conversations":[{"from":"human","value":"Which?\nA. x\nB. y\nC. z"}]},
                 {"id":"9","image":"9/image.png","conversations":[{"from":"human","value":"Which?\n<image>"}]},
                 {"id":"11","conversations":[{"from":"human","value":"Other split?"}]}]
                """),
            Labels = _folder.Path("base"),
        };
        _folder.Write("base/problems.json", """{"4":{"choices":["x","y"],"answer":1},"7":{"choices":["x","y","z"],"answer":2},"9":{"choices":["x","y"],"answer":0},"11":{"choices":["x","y"],"answer":0}}""");
        _folder.Write("base/pid_splits.json", """{"test":["4","7","9"],"train":["11"]}""");

        var questions = BenchmarkList.Find("scienceqa")!.Read(inputs);
        Assert.Equal("Which?\nA. x\nB. y\nAnswer with the option's letter from the given choices directly.", questions[0].Text);
        Assert.Equal("<image>\n" + questions[0].Text, questions[0].Prompt);
        Assert.Equal("Other split?", BenchmarkList.Find("scienceqa")!.Read(inputs with { LetterPrompt = false })[3].Text);

        // 4 right, 7 right, 9 without an answer: 2 of 3, of those with a picture 1 of 2; 11 is in another split.
        var score = await ScoredSet.ScoreAsync("scienceqa", inputs, "B", "The answer is C.", null, "A");
        Assert.Equal(200.0 / 3, score.Value, 9);
        Assert.Equal(50, score.Figure("IMG accuracy"));
    }

    [Theory]
    [InlineData("B", 1)]
    [InlineData("(B) blue", 1)]
    [InlineData("B: blue", 1)]
    [InlineData("The answer is C.", 2)]
    [InlineData("A red thing is there", 0)]
    [InlineData("A thing is there, hm", -1)]
    [InlineData("A", 0)]
    [InlineData("It is blue.", 1)]
    [InlineData("blue or green", -1)]
    [InlineData("B or C", -1)]
    [InlineData("", -1)]
    public void MmBench_AnswerToOption_ByLetterThenText(string answer, int expected) => Assert.Equal(expected, ChoiceLetter.Find(answer, ["red", "blue", "green", "white"]));

    [Fact]
    public async Task MmBench_AllRounds_RightIsWhoIsRightInEveryRotation()
    {
        var inputs = new EvalInputs { Questions = Table("1\tWhich color?\tnan\tred\tblue\tgreen\t\tB\tcolor", "2\tWhich shape?\tLook.\tstar\tring\t\t\tA\tshape"), AllRounds = true };
        var questions = BenchmarkList.Find("mmbench")!.Read(inputs);
        Assert.Equal(5, questions.Count);
        Assert.Equal("Which color?\nA. blue\nB. green\nC. red", questions[1].Prompt);
        Assert.Equal(["B", "C", "A"], questions[1].OptionLetters);
        Assert.Equal("Look.\nWhich shape?\nA. star\nB. ring", questions[3].Prompt);

        // Question 1 shows blue as B, A, C: all three right. Question 2 shows star as A, B: the second is wrong. Circular 1/2, first rounds 2/2.
        var score = await ScoredSet.ScoreAsync("mmbench", inputs, "B", "A", "C", "A", "A");
        Assert.Equal((50, 100), (score.Value, score.Figure("first round")));
        Assert.Equal([("color", 100.0), ("shape", 0.0)], score.Categories.Select(static category => (category.Name, category.Value)));
    }

    [Fact]
    public async Task MmBench_RotationsAsRowsMillionsApart_AreOneQuestion()
    {
        var rows = new EvalInputs { Questions = Table("5\tWhich?\t\tred\tblue\t\t\tA\tcolor", "1000005\tWhich?\t\tblue\tred\t\t\tB\tcolor", "6\tWhich?\t\tred\tblue\t\t\tB\tcolor") };
        var score = await ScoredSet.ScoreAsync("mmbench", rows, "A", "B", "A");
        Assert.Equal((50, 50), (score.Value, score.Figure("first round")));
        Assert.Equal(0, (await ScoredSet.ScoreAsync("mmbench", rows, "A", null, "A")).Value);
    }

    [Fact]
    public void MmBench_QuotedCells_MayHoldTabsLinesAndQuotes()
    {
        var path = Table("1\t\"Which \"\"one\"\"?\nSay\tit.\"\t\tred\tNone\tgreen\t\tA\tcolor");
        var question = Assert.Single(BenchmarkList.Find("mmbench")!.Read(new EvalInputs { Questions = path, LetterPrompt = false }));
        Assert.Equal("Which \"one\"?\nSay\tit.\nA. red", question.Text);
        Assert.Equal(Convert.FromBase64String(Picture), question.PictureBytes!());
    }

    private string Table(params string[] rows) =>
        _folder.Write("m.tsv", ["index\tquestion\thint\tA\tB\tC\tD\tanswer\tcategory\timage", .. rows.Select(static row => row + "\t" + Picture)]);
}
