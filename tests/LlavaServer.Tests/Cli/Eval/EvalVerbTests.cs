using System.Text.Json;
using LlavaServer.Cli;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Tests.Cli.Eval;

/// <summary>The verb against a server that a test writes: what is asked, what is kept, and what it ends with.</summary>
public sealed class EvalVerbTests : IAsyncLifetime
{
    private static readonly byte[] s_png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==");
    private readonly EvalFolder _folder = new();
    private ChatServer _server = null!;

    private string Answers => _folder.Path("a.jsonl");

    public async ValueTask InitializeAsync()
    {
        _server = await ChatServer.StartAsync();
        _folder.Write("q.jsonl", [.. Enumerable.Range(0, 20).Select(static i => ScoredSet.Question(i, $"Is there a thing {i}?"))]);
        _folder.Write("labels.json", [.. Enumerable.Range(0, 20).Select(static i => $$"""{"label":"{{(i % 2 == 0 ? "yes" : "no")}}"}""")]);
        _folder.Write("images/p.png", "");
        File.WriteAllBytes(_folder.Path("images/p.png"), s_png);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Run_WholeSet_AsksAsLlavasScriptsDoAndScores()
    {
        _server.Answer = static async (number, text) =>
        {
            // The first questions answer last: the file must be in the questions' order all the same.
            await Task.Delay(number < 5 ? 60 : 1);
            return (200, text.EndsWith("3?", StringComparison.Ordinal) ? " No \n" : "Yes");
        };
        Assert.Equal(0, await RunAsync("--json", _folder.Path("r.json"), "--concurrency", "3", "--api-key", "secret"));

        var request = _server.Requests.First();
        Assert.Equal((0.0, 128, "eye"), (request.GetProperty("temperature").GetDouble(), request.GetProperty("max_tokens").GetInt32(), request.GetProperty("model").GetString()));
        var parts = request.GetProperty("messages")[0].GetProperty("content");
        Assert.Equal("data:image/png;base64," + Convert.ToBase64String(s_png), parts[0].GetProperty("image_url").GetProperty("url").GetString());
        Assert.StartsWith("Is there a thing", parts[1].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.All(_server.Authorizations, static key => Assert.Equal("Bearer secret", key));
        Assert.InRange(_server.MostRunning, 1, 3);

        var answers = AnswerFile.Read(Answers);
        Assert.Equal(Enumerable.Range(0, 20), answers.Select(static answer => answer.QuestionId.GetInt32()));
        Assert.Equal(("No", "eye", "Is there a thing 3?"), (answers[3].Text, answers[3].ModelId, answers[3].Prompt));

        // Yes to all but 3 and 13, which are rightly no: TP 10, FP 8, TN 2: accuracy 12/20.
        var result = JsonElement.Parse(File.ReadAllText(_folder.Path("r.json"))).GetProperty("results")[0];
        Assert.Equal((20, 20, 0), (result.GetProperty("questions").GetInt32(), result.GetProperty("answered").GetInt32(), result.GetProperty("failed").GetInt32()));
        Assert.Equal(60, result.GetProperty("score").GetProperty("figures").GetProperty("accuracy").GetDouble(), 9);
    }

    [Fact]
    public async Task Resume_TornLastLine_AsksOnlyWhatIsMissing()
    {
        Assert.Equal(0, await RunAsync("--limit", "6"));
        var lines = File.ReadAllLines(Answers);
        File.WriteAllText(Answers, string.Join('\n', lines[..4]) + "\n" + lines[4][..(lines[4].Length / 2)]);
        _server.Requests.Clear();

        Assert.Equal(2, await RunAsync());
        Assert.Equal(0, await RunAsync("--resume"));

        Assert.Equal(16, _server.Requests.Count);
        Assert.Equal(Enumerable.Range(4, 16).Select(static i => $"Is there a thing {i}?").Order(StringComparer.Ordinal), _server.Questions.Order(StringComparer.Ordinal));
        Assert.Equal(Enumerable.Range(0, 20), AnswerFile.Read(Answers).Select(static answer => answer.QuestionId.GetInt32()));
        Assert.Equal(lines[..4], File.ReadAllLines(Answers)[..4]);
        Assert.Equal(0, await RunAsync("--resume"));
        Assert.Equal(16, _server.Requests.Count);
    }

    [Fact]
    public async Task Run_BusyServer_IsAskedAgainAfterTheTimeItNames()
    {
        _server.RetryAfter = "0";
        _server.Answer = static (number, _) => Task.FromResult(number % 2 == 1 ? (number % 4 == 1 ? 429 : 503, "later") : (200, "Yes"));
        Assert.Equal(0, await RunAsync("--concurrency", "1", "--limit", "4"));
        Assert.Equal(8, _server.Requests.Count);
    }

    [Fact]
    public async Task Run_BusyToTheEnd_Exits6AndKeepsTheRest()
    {
        _server.RetryAfter = "0";
        _server.Answer = static (_, text) => Task.FromResult(text.EndsWith(" 1?", StringComparison.Ordinal) ? (503, "later") : (200, "Yes"));
        Assert.Equal(6, await RunAsync("--retries", "2", "--limit", "3", "--json", _folder.Path("r.json")));

        Assert.Equal(2, AnswerFile.Read(Answers).Count);
        var failure = JsonElement.Parse(File.ReadAllLines(QuestionRunner.FailuresPath(Answers)).Single());
        Assert.Equal((1, 503), (failure.GetProperty("question_id").GetInt32(), failure.GetProperty("status").GetInt32()));
        var result = JsonElement.Parse(File.ReadAllText(_folder.Path("r.json"))).GetProperty("results")[0];
        Assert.Equal((3, 2, 1), (result.GetProperty("questions").GetInt32(), result.GetProperty("answered").GetInt32(), result.GetProperty("failed").GetInt32()));

        _server.Answer = static (_, _) => Task.FromResult((200, "Yes"));
        _server.Requests.Clear();
        Assert.Equal(0, await RunAsync("--limit", "3", "--resume"));
        Assert.Equal(["Is there a thing 1?"], _server.Questions);
        Assert.False(File.Exists(QuestionRunner.FailuresPath(Answers)));
    }

    [Fact]
    public async Task Run_OneQuestionIsRefused_IsCountedAndExits1()
    {
        _server.Answer = static (_, text) => Task.FromResult(text.EndsWith(" 2?", StringComparison.Ordinal) ? (400, "bad picture") : (200, "Yes"));
        Assert.Equal(1, await RunAsync("--limit", "4"));
        Assert.Equal([0, 1, 3], AnswerFile.Read(Answers).Select(static answer => answer.QuestionId.GetInt32()).Order());
        Assert.Contains("bad picture", File.ReadAllText(QuestionRunner.FailuresPath(Answers)), StringComparison.Ordinal);
        Assert.Equal(4, _server.Requests.Count);
    }

    [Theory]
    [InlineData(401, 5)]
    [InlineData(403, 5)]
    [InlineData(404, 4)]
    public async Task Run_Hopeless_EndsAtOnce(int status, int exitCode)
    {
        _server.Answer = (_, _) => Task.FromResult((status, "no"));
        Assert.Equal(exitCode, await RunAsync("--concurrency", "1"));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Run_NoServer_Exits3() =>
        Assert.Equal(3, await RunAsync("--server", "http://127.0.0.1:1", "--retries", "0"));

    [Fact]
    public async Task Run_SeveralModels_AFileEach()
    {
        Assert.Equal(0, await RunAsync("--model", "other:7b", "--limit", "2", "--json", _folder.Path("r.json")));
        Assert.Equal("eye", AnswerFile.Read(_folder.Path("a.eye.jsonl"))[0].ModelId);
        Assert.Equal("other:7b", AnswerFile.Read(_folder.Path("a.other-7b.jsonl"))[0].ModelId);
        Assert.Equal(2, JsonElement.Parse(File.ReadAllText(_folder.Path("r.json"))).GetProperty("results").GetArrayLength());
    }

    [Fact]
    public async Task Score_ExistingAnswers_AsksNobody()
    {
        // As LLaVA's scripts write them, one answer short: yes to question 0 only is right.
        File.WriteAllLines(Answers, ["""{"question_id": 0, "prompt": "Is there a thing 0?", "text": "Yes", "answer_id": "x", "model_id": "llava-v1.5-7b", "metadata": {}}"""]);
        Assert.Equal(0, await CommandLine.RunAsync(
            ["eval", "--set", "pope", "--questions", _folder.Path("q.jsonl"), "--labels", _folder.Path("labels.json"), "--limit", "2", "--answers", Answers, "--json", _folder.Path("r.json")]));
        var result = JsonElement.Parse(File.ReadAllText(_folder.Path("r.json"))).GetProperty("results")[0];
        Assert.Equal(("llava-v1.5-7b", 1, 50.0), (result.GetProperty("model").GetString(), result.GetProperty("answered").GetInt32(), result.GetProperty("score").GetProperty("figures").GetProperty("accuracy").GetDouble()));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Run_WrongUsage_Exits2()
    {
        Assert.Equal(2, await RunAsync("--set", "dance"));
        Assert.Equal(2, await RunAsync("--concurrency", "0"));
        Assert.Equal(2, await RunAsync("--radar", "plot.gif"));
        Assert.Equal(2, await RunAsync("--questions", _folder.Path("none.jsonl")));
        Assert.Equal(2, await RunAsync("--questions", _folder.Write("broken.jsonl", "{")));
        Assert.Equal(2, await RunAsync("--images", _folder.Path("nowhere")));
        Assert.Equal(2, await RunAsync("--answers", Answers));
        Assert.Equal(2, await CommandLine.RunAsync(["eval", "--set", "pope", "--questions", _folder.Path("q.jsonl")]));
        File.WriteAllText(Answers, """{"question_id":0,"text":"Yes","model_id":"another"}""" + "\n");
        Assert.Equal(2, await RunAsync("--resume"));
        Assert.Empty(_server.Requests);
    }

    /// <summary>The verb with what all tests share; later options replace earlier ones of the same name, but for --model.</summary>
    private Task<int> RunAsync(params string[] more)
    {
        var options = new List<(string Name, string[] Values)>
        {
            ("--set", ["pope"]), ("--questions", [_folder.Path("q.jsonl")]), ("--images", [_folder.Path("images")]), ("--labels", [_folder.Path("labels.json")]),
            ("--answers-out", [Answers]), ("--server", [_server.Address]),
        };
        var rest = new List<string> { "--model", "eye" };
        for (var i = 0; i < more.Length; i++)
        {
            var place = options.FindIndex(option => option.Name == more[i]);
            if (place >= 0)
            {
                options[place] = (more[i], [more[++i]]);
            }
            else
            {
                rest.Add(more[i]);
            }
        }

        return CommandLine.RunAsync(["eval", .. options.SelectMany(static option => option.Values.Prepend(option.Name)), .. rest]);
    }
}
