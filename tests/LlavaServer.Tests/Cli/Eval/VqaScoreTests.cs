using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class VqaScoreTests : IDisposable
{
    private readonly EvalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("The Red Car.", "red car")]
    [InlineData("Two", "2")]
    [InlineData("none", "0")]
    [InlineData("eleven", "eleven")]
    [InlineData("an apple and a pear", "apple and pear")]
    [InlineData("dont", "don't")]
    [InlineData("isnt it", "isn't it")]
    [InlineData("somebody'd", "somebodyd")]
    [InlineData("1,000", "1000")]
    [InlineData("yes, it is", "yes it is")]
    [InlineData("what?", "what")]
    [InlineData("man's hat", "man 's hat")]
    [InlineData("T-shirt", "t shirt")]
    [InlineData("black - white", "black white")]
    [InlineData("3.5", "3.5")]
    [InlineData("U.S.A.", "usa")]
    [InlineData("(left)", "left")]
    [InlineData("a\nb", "b")]
    [InlineData("Im here", "im here")]
    [InlineData("", "")]
    public void EvalAI_CornerCases_AsThePublishedProcessor(string answer, string expected) => Assert.Equal(expected, AnswerNormalizer.EvalAI(answer));

    [Theory]
    [InlineData("1,000 (about)", "1000 about")]
    [InlineData("10,000-20,000", "1000020000")]
    [InlineData("red/blue", "red blue")]
    [InlineData("red/ blue", "red blue")]
    [InlineData("The Three", "3")]
    public void Vqa_MarksAndDigits_AsThePublishedScript(string answer, string expected) => Assert.Equal(expected, AnswerNormalizer.Vqa(answer));

    [Fact]
    public void Vqa_MoreThan32Periods_OnlyTheFirst32Go() => Assert.Equal("...", AnswerNormalizer.Vqa(new string('.', 35)));

    // min(1, n/3) with each person left out: n agree, so n times min(1, (n-1)/3) and 10-n times min(1, n/3), over 10.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0.3)]
    [InlineData(2, 0.6)]
    [InlineData(3, 0.9)]
    [InlineData(4, 1)]
    [InlineData(10, 1)]
    public void SoftAccuracy_SoManyOfTenAgree_IsTheMeanOverLeavingEachOut(int agreeing, double expected) =>
        Assert.Equal(expected, SoftAccuracy.Of("red", [.. Enumerable.Repeat("red", agreeing), .. Enumerable.Repeat("blue", 10 - agreeing)]), 12);

    [Fact]
    public async Task Score_FourQuestions_EqualsHandComputedMeanAndTypes()
    {
        var labels = _folder.Write(
            "ann.json",
            $$"""
            {"annotations":[
              {{Annotation(1, "other", "red", 3, "blue")}},
              {{Annotation(2, "number", "2", 10, "2")}},
              {{Annotation(3, "other", "t-shirt", 2, "coat")}},
              {{Annotation(4, "yes/no", "yes", 9, "no")}}]}
            """);
        var inputs = new EvalInputs { Questions = _folder.Write("q.jsonl", [.. Enumerable.Range(1, 4).Select(static i => ScoredSet.Question(i, $"q{i}"))]), Labels = labels };

        // red: 3 of 10 agree: 0.9. two becomes 2: 1. T-shirt becomes "t shirt" on both sides: 2 agree: 0.6. Question 4 has no answer: 0.
        var score = await ScoredSet.ScoreAsync("vqav2", inputs, "Red.", "two", "a T-shirt", null);

        Assert.Equal(62.5, score.Value, 9);
        Assert.Equal(["number", "other", "yes/no"], score.Categories.Select(static category => category.Name));
        Assert.Equal(new double[] { 100, 75, 0 }, score.Categories.Select(static category => Math.Round(category.Value, 9)));
    }

    [Fact]
    public void Worth_UnanimousPeople_AreComparedAsTheyStand()
    {
        // The script cleans what people said only where they differ: "t-shirt" from all ten never equals the cleaned "t shirt".
        Assert.Equal(0, VqaBenchmark.Worth("t-shirt", [.. Enumerable.Repeat("t-shirt", 10)]));
        Assert.Equal(1, VqaBenchmark.Worth("t-shirt", [.. Enumerable.Repeat("t-shirt", 9), "coat"]), 12);
    }

    [Fact]
    public async Task Gqa_ExactMatch_EqualsHandComputedShare()
    {
        var inputs = new EvalInputs
        {
            Questions = _folder.Write("q.jsonl", [.. Enumerable.Range(1, 4).Select(static i => ScoredSet.Question($"{i}", $"q{i}"))]),
            Labels = _folder.Write(
                "gqa.json",
                """{"1":{"answer":"red","types":{"structural":"query"}},"2":{"answer":"yes","types":{"structural":"verify"}},"3":{"answer":"cat","types":{"structural":"query"}},"4":{"answer":"no","types":{"structural":"verify"}}}"""),
        };

        // Capitals and a period at the end go, an article does not: right are 1 and 2.
        var score = await ScoredSet.ScoreAsync("gqa", inputs, "Red.", "Yes", "a cat", "not");
        Assert.Equal(50, score.Value);
        Assert.Equal([("query", 50.0), ("verify", 50.0)], score.Categories.Select(static category => (category.Name, category.Value)));
    }

    [Fact]
    public async Task TextVqa_BothSidesThroughTheProcessor_EqualsHandComputedMean()
    {
        var inputs = new EvalInputs
        {
            Questions = _folder.Write(
                "q.jsonl",
                ScoredSet.Question("img1", "What does it say?\nReference OCR token: STOP\nAnswer the question using a single word or phrase."),
                ScoredSet.Question("img1", "What number?\nAnswer the question using a single word or phrase.")),
            Labels = _folder.Write(
                "t.json",
                $$"""
                {"data":[{"image_id":"img1","question":"What does it say?","answers":[{{Ten("STOP", 4, "stop sign")}}]},
                         {"image_id":"img1","question":"What Number?","answers":[{{Ten("two", 2, "1,000")}}]}]}
                """),
        };

        // stop: 4 of 10 agree: 1. 2: "two" becomes 2, so 2 agree: 0.6. Mean 0.8.
        Assert.Equal(80, (await ScoredSet.ScoreAsync("textvqa", inputs, "Stop.", "2")).Value, 9);
        Assert.Equal(50, (await ScoredSet.ScoreAsync("textvqa", inputs, "sign", "1000")).Value, 9);
    }

    [Theory]
    [InlineData("OCR tokens: A, B. Question: What Word? Short answer:", "what word?")]
    [InlineData("What?\nReference OCR token: A\nAnswer.", "what?")]
    [InlineData("Reference OCR token: A\nWhat?\nAnswer.", "what?")]
    [InlineData("What?\nAnswer.", "what?")]
    [InlineData("What?", null)]
    [InlineData("a\nb\nc", null)]
    public void TextVqa_PromptForms_GiveTheQuestion(string prompt, string? expected) => Assert.Equal(expected, TextVqaBenchmark.QuestionOf(prompt));

    private static string Ten(string said, int times, string otherwise) =>
        string.Join(',', Enumerable.Repeat(said, times).Concat(Enumerable.Repeat(otherwise, 10 - times)).Select(static text => $"\"{text}\""));

    private static string Annotation(int id, string type, string said, int times, string otherwise) =>
        $$"""{"question_id":{{id}},"answer_type":"{{type}}","answers":[{{string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"answer":"{{(i < times ? said : otherwise)}}","answer_id":{{i}}}"""))}}]}""";
}
