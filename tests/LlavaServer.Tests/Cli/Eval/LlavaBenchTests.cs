using System.Text.Json;
using LlavaServer.Cli;
using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class LlavaBenchTests : IAsyncLifetime
{
    private readonly EvalFolder _folder = new();
    private ChatServer _judge = null!;

    public async ValueTask InitializeAsync()
    {
        _judge = await ChatServer.StartAsync();
        _folder.Write("q.jsonl", ScoredSet.Question(0, "What is it?", "conv"), ScoredSet.Question(1, "Describe it.", "detail"), ScoredSet.Question(2, "Why?", "conv"));
        _folder.Write("context.jsonl", """{"id":0,"image":"p.png","caption":["A star.","It is red."]}""");
        _folder.Write("rule.json", """{"llava_bench_conv":{"role":"Assistant","prompt":"Rate both."},"llava_bench_detail":{"role":"Helper","prompt":"Rate details."}}""");
        _folder.Write("ref.jsonl", [.. Enumerable.Range(0, 3).Select(static i => $$"""{"question_id":{{i}},"prompt":"","text":"reference {{i}}","answer_id":"r{{i}}","model_id":"gpt4"}""")]);
        _folder.Write("a.jsonl", [.. Enumerable.Range(0, 3).Select(static i => $$"""{"question_id":{{i}},"prompt":"","text":"mine {{i}}","answer_id":"m{{i}}","model_id":"mini"}""")]);
    }

    public async ValueTask DisposeAsync()
    {
        await _judge.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("8 9\nBecause", 8, 9)]
    [InlineData("8.5, 7", 8.5, 7)]
    [InlineData("8,7\nx", 8, 7)]
    [InlineData("Assistant 1: 8", -1, -1)]
    [InlineData("8", -1, -1)]
    [InlineData("8 9 10", -1, -1)]
    [InlineData("", -1, -1)]
    public void Review_FirstLine_TwoNumbersOrNothing(string content, double reference, double model) => Assert.Equal([reference, model], PairReview.Read(content));

    [Fact]
    public async Task Score_ScriptedJudge_EqualsHandComputedRelativeScores()
    {
        _judge.Answer = static (_, text) => Task.FromResult((200, text.Contains("mine 0", StringComparison.Ordinal) ? "8 6\ngood" : text.Contains("mine 1", StringComparison.Ordinal) ? "10 5" : "I cannot say."));
        Assert.Equal(0, await RunAsync());

        var request = _judge.Requests.First(static request => ChatServer.TextOf(request).Contains("mine 1", StringComparison.Ordinal));
        Assert.Equal(
            "[Context]\nA star.\nIt is red.\n\n[Question]\nDescribe it.\n\n[Helper 1]\nreference 1\n\n[End of Helper 1]\n\n[Helper 2]\nmine 1\n\n[End of Helper 2]\n\n[System]\nRate details.\n\n",
            ChatServer.TextOf(request));
        Assert.Equal(("system", 0.2, 1024), (request.GetProperty("messages")[0].GetProperty("role").GetString(), request.GetProperty("temperature").GetDouble(), request.GetProperty("max_tokens").GetInt32()));

        // Judged: (8, 6) and (10, 5): 11/18 = 61.11 %, reference 90, model 55. conv: 6/8. detail: 5/10. One review has no numbers.
        var score = Score();
        Assert.Equal(1100.0 / 18, score.GetProperty("value").GetDouble(), 9);
        var figures = score.GetProperty("figures");
        Assert.Equal((90, 55, 1), (figures.GetProperty("reference").GetDouble(), figures.GetProperty("model").GetDouble(), figures.GetProperty("not judged").GetDouble()));
        Assert.Equal([75.0, 50.0], score.GetProperty("categories").EnumerateArray().Select(static category => category.GetProperty("value").GetDouble()));

        // Again: only the unreadable review is asked for, and a torn line of reviews does no harm.
        _judge.Requests.Clear();
        _judge.Answer = static (_, _) => Task.FromResult((200, "4 4"));
        File.AppendAllText(_folder.Path("a.jsonl.reviews"), "{\"question_id\":");
        Assert.Equal(0, await RunAsync());
        Assert.Single(_judge.Requests);
        Assert.Equal(1500.0 / 22, Score().GetProperty("value").GetDouble(), 9);
    }

    [Fact]
    public async Task Score_JudgeRefusesTheKey_Exits5()
    {
        _judge.Answer = static (_, _) => Task.FromResult((401, "no"));
        Assert.Equal(5, await RunAsync());
    }

    private JsonElement Score() => JsonElement.Parse(File.ReadAllText(_folder.Path("r.json"))).GetProperty("results")[0].GetProperty("score");

    private Task<int> RunAsync() => CommandLine.RunAsync(
    [
        "eval", "--set", "llava-bench", "--questions", _folder.Path("q.jsonl"), "--answers", _folder.Path("a.jsonl"), "--reference", _folder.Path("ref.jsonl"),
        "--context", _folder.Path("context.jsonl"), "--rule", _folder.Path("rule.json"), "--judge-model", "judge", "--judge-server", _judge.Address + "/v1", "--json", _folder.Path("r.json"),
    ]);
}
