using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;
using LlavaServer.Cli.Eval.Benchmarks;
using LlavaServer.Cli.Eval.Reports;

namespace LlavaServer.Tests.Cli.Eval;

/// <summary>Files of every set with each of their values in turn left out or of another type: the verb says what is wrong, and where, and never breaks.</summary>
public sealed class HostileFileTests : IDisposable
{
    private const string Row = "{\"question_id\":1,\"image\":\"p.png\",\"text\":\"Is it?\\nAnswer the question using a single word or phrase.\",\"category\":\"random\"}";

    private readonly EvalFolder _folder = new();

    public static TheoryData<string, string> Files => new()
    {
        { "pope", "questions" }, { "pope", "labels/coco_pope_random.json" },
        { "vqav2", "questions" }, { "vqav2", "labels" },
        { "gqa", "questions" }, { "gqa", "labels" },
        { "textvqa", "questions" }, { "textvqa", "labels" },
        { "scienceqa", "questions" }, { "scienceqa", "labels/problems.json" }, { "scienceqa", "labels/pid_splits.json" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Score_AnyValueOfAnotherType_SentenceWithTheFile(string set, string changed)
    {
        var files = Whole(set);
        foreach (var (name, text) in files)
        {
            _folder.Write(name, text);
        }

        var inputs = new EvalInputs { Questions = _folder.Path("questions"), Labels = _folder.Path("labels") };
        Assert.NotNull(await ScoreAsync(set, inputs));
        var refusals = 0;
        foreach (var text in Changes(files[changed]))
        {
            _folder.Write(changed, text);
            try
            {
                await ScoreAsync(set, inputs);
            }
            catch (VerbException refusal)
            {
                refusals++;
                Assert.Equal(ExitCodes.WrongUsage, refusal.ExitCode);
                Assert.True(refusal.Message.Contains(_folder.Path("questions"), StringComparison.Ordinal) || refusal.Message.Contains(_folder.Path("labels"), StringComparison.Ordinal)
                    || refusal.Message.Contains("--questions", StringComparison.Ordinal), refusal.Message);
            }
        }

        Assert.True(refusals > 5, $"{refusals}");
    }

    [Fact]
    public void Answers_AnyValueOfAnotherType_SentenceWithTheLine()
    {
        const string line = "{\"question_id\":1,\"prompt\":\"Is it?\",\"text\":\"Yes\",\"answer_id\":\"a\",\"model_id\":\"m\",\"metadata\":{\"finish_reason\":\"stop\"}}";
        var refusals = 0;
        foreach (var text in Changes(line).Append("null").Append("[]").SelectMany(static text => new[] { text, text + "\n" }))
        {
            try
            {
                File.WriteAllText(_folder.Path("answers.jsonl"), text);
                AnswerFile.Read(_folder.Path("answers.jsonl"));
            }
            catch (VerbException refusal)
            {
                refusals++;
                Assert.Contains("answers.jsonl, line 1, is no answer", refusal.Message, StringComparison.Ordinal);
            }
        }

        Assert.True(refusals > 5, $"{refusals}");
    }

    [Fact]
    public void Results_AnyValueOfAnotherType_SentenceWithTheFile()
    {
        const string file = "{\"format\":1,\"results\":[{\"set\":\"pope\",\"title\":\"POPE\",\"model\":\"m\",\"questions\":1,\"answered\":1,\"failed\":0,\"temperature\":0,\"max_tokens\":1,\"answers\":\"a\","
            + "\"score\":{\"headline\":\"F1\",\"value\":1,\"figures\":{\"F1\":1},\"categories\":[{\"name\":\"random\",\"questions\":1,\"value\":1,\"figures\":{\"F1\":1}}]}}]}";
        Assert.Single(EvalReport.FromJson(_folder.Write("whole.json", file)));
        var refusals = 0;
        foreach (var text in Changes(file))
        {
            try
            {
                var results = EvalReport.FromJson(_folder.Write("results.json", text));
                EvalReport.WriteTable(TextWriter.Null, results);
            }
            catch (VerbException refusal)
            {
                refusals++;
                Assert.Contains("results.json is no file of results", refusal.Message, StringComparison.Ordinal);
            }
        }

        Assert.True(refusals > 50, $"{refusals}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("index\n")]
    [InlineData("index\tquestion\n1\tIs it?\n")]
    [InlineData("index\tquestion\timage\tA\tB\tanswer\n1\tIs it?\t!\n")]
    [InlineData("index\tquestion\timage\n")]
    [InlineData("index\tquestion\timage\na\"b\tIs it?\tx\n")]
    public async Task MmBench_TableThatIsNone_SentenceOrNoScore(string table)
    {
        var inputs = new EvalInputs { Questions = _folder.Write("questions", table.TrimEnd('\n')) };
        try
        {
            Assert.Null(await ScoreAsync("mmbench", inputs));
        }
        catch (VerbException refusal)
        {
            Assert.Contains(_folder.Path("questions"), refusal.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<EvalScore?> ScoreAsync(string set, EvalInputs inputs)
    {
        var benchmark = BenchmarkList.Find(set)!;
        var pairs = benchmark.Read(inputs).Select(static question => new AnsweredQuestion(
            question, new EvalAnswer { QuestionId = question.Id, Prompt = question.Prompt, Text = "Yes", AnswerId = "a" })).ToList();
        return await benchmark.ScoreAsync(inputs, pairs, TestContext.Current.CancellationToken);
    }

    private static Dictionary<string, string> Whole(string set) => set switch
    {
        "pope" => new() { ["questions"] = Row, ["labels/coco_pope_random.json"] = "{\"label\":\"yes\"}" },
        "vqav2" => new() { ["questions"] = Row, ["labels"] = "{\"annotations\":[{\"question_id\":1,\"answer_type\":\"yes/no\",\"answers\":[{\"answer\":\"yes\"},{\"answer\":\"yes\"}]}]}" },
        "gqa" => new() { ["questions"] = Row, ["labels"] = "{\"1\":{\"answer\":\"yes\",\"types\":{\"structural\":\"verify\"}}}" },
        "textvqa" => new() { ["questions"] = Row, ["labels"] = "{\"data\":[{\"image_id\":1,\"question\":\"Is it?\",\"answers\":[\"yes\",\"yes\"]}]}" },
        _ => new()
        {
            ["questions"] = "[{\"id\":\"1\",\"image\":\"p.png\",\"conversations\":[{\"from\":\"human\",\"value\":\"Is it?\\nA. Yes\\nB. No\"}]}]",
            ["labels/problems.json"] = "{\"1\":{\"choices\":[\"Yes\",\"No\"],\"answer\":0}}",
            ["labels/pid_splits.json"] = "{\"test\":[\"1\"]}",
        },
    };

    // The text with every node in turn replaced by each type, or taken away.
    private static IEnumerable<string> Changes(string json)
    {
        var count = Paths(JsonNode.Parse(json)!).Count();
        for (var i = 0; i < count; i++)
        {
            foreach (var other in new[] { "null", "1.5", "\"x\"", "[]", "[[]]", "{}", "{\"x\":{}}", "\"\\ud800\"", "" })
            {
                var root = JsonNode.Parse(json)!;
                var (parent, key) = Paths(root).ElementAt(i);
                if (parent is null)
                {
                    if (other.Length > 0)
                    {
                        yield return other;
                    }

                    continue;
                }

                if (parent is JsonObject members)
                {
                    members.Remove((string)key!);
                    if (other.Length > 0)
                    {
                        members[(string)key!] = Node(other);
                    }
                }
                else if (parent is JsonArray items)
                {
                    items.RemoveAt((int)key!);
                    if (other.Length > 0)
                    {
                        items.Insert((int)key, Node(other));
                    }
                }

                yield return root.ToJsonString().Replace("\"HALF\"", "\"\\ud800\"", StringComparison.Ordinal);
            }
        }
    }

    // Half a surrogate pair is no text that a node could hold: it comes at the end.
    private static JsonNode? Node(string json) => JsonNode.Parse(json.Contains("ud800", StringComparison.Ordinal) ? "\"HALF\"" : json);

    private static IEnumerable<(JsonNode? Parent, object? Key)> Paths(JsonNode node)
    {
        yield return (null, null);
        var open = new Stack<JsonNode>([node]);
        while (open.TryPop(out var next))
        {
            IEnumerable<(object Key, JsonNode? Value)> children = next switch
            {
                JsonObject members => members.Select(static member => ((object)member.Key, member.Value)),
                JsonArray items => items.Select(static (item, index) => ((object)index, item)),
                _ => [],
            };
            foreach (var (key, value) in children)
            {
                yield return (next, key);
                if (value is not null)
                {
                    open.Push(value);
                }
            }
        }
    }
}
