using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Clients;

/// <summary>
/// What people build with in JavaScript, against the real server: each package runs every scenario in one process of Node.js, and what it saw is compared
/// here with one table.
/// </summary>
[Collection(EndToEndGroup.Name)]
public sealed class NodeMatrixTests(BundledServer bundled, CrowdedServer crowded) : IClassFixture<CrowdedServer>
{
    private static readonly Dictionary<string, Action<JsonObject>> s_common = new()
    {
        ["whole"] = static report => AssertAnswer(report, ""),
        ["stream"] = static report => AssertStream(report, ""),
        ["picture"] = static report => AssertAnswer(report, "red"),
        ["pictureStream"] = static report => AssertStream(report, "red"),
        ["pictures"] = static report => AssertAnswer(report, ""),
        ["tools"] = static report => AssertCall(report),
        ["toolsStream"] = static report => AssertCall(report),
        ["structured"] = static report => AssertPaint(report["value"]!),
        ["cancel"] = static report =>
        {
            Assert.InRange((int)report["pieces"]!, 20, 200);
            Assert.NotEqual("", (string)report["left"]!);
            Assert.True((bool)report["isFree"]!);
        },
        ["retry"] = static report =>
        {
            Assert.Equal([429, 200], report["statuses"]!.AsArray().Select(static status => (int)status!));
            Assert.InRange(int.Parse((string)report["retryAfter"]!, CultureInfo.InvariantCulture), 1, 60);
            Assert.NotEqual("", (string)report["text"]!);
        },
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_chat = new()
    {
        ["unknownModel"] = static report => AssertFailure(report, 404, "model_not_found", "model"),
        ["brokenPicture"] = static report => AssertFailure(report, 400, "image_parse_error", "messages[0].content[1].image_url.url"),
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_responses = new()
    {
        ["unknownModel"] = static report => AssertFailure(report, 404, "model_not_found", "model"),
        ["brokenPicture"] = static report => AssertFailure(report, 400, "image_parse_error", "input[0].content[1].image_url"),
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_openAIResponses = new()
    {
        ["accumulated"] = static report =>
        {
            Assert.Contains("red", (string)report["text"]!, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(("response.created", "response.completed"), ((string)report["first"]!, (string)report["last"]!));
        },
        ["structuredStream"] = static report => Assert.Contains(report["value"]!["filled"]!.GetValueKind(), (JsonValueKind[])[JsonValueKind.True, JsonValueKind.False]),
        ["conversation"] = static report =>
        {
            Assert.InRange((int)report["calls"]!, 1, 128);
            Assert.NotEqual("", ((string)report["text"]!).Trim());
            Assert.Equal("stop", (string)report["finish"]!);
        },
        ["incomplete"] = static report => Assert.Equal(
            """{"whole":"max_output_tokens","last":"response.incomplete","streamed":"max_output_tokens","items":["incomplete","incomplete"]}""", Without(report, "scenario")),
        ["logprobs"] = static report => AssertLogProbabilities(report),
        ["counted"] = static report => Assert.InRange((int)report["input"]!, 65, 256),
        ["notStored"] = static report => Assert.Equal("""{"status":404,"code":"not_found"}""", Without(report, "scenario")),
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_openAI = new()
    {
        ["choices"] = static report =>
        {
            Assert.Equal([0, 1], report["indices"]!.AsArray().Select(static index => (int)index!));
            Assert.All(report["finishes"]!.AsArray(), static finish => Assert.Contains((string)finish!, (string[])["stop", "length"]));
        },
        ["logprobs"] = static report => AssertLogProbabilities(report),
        ["accumulated"] = static report => Assert.Contains("red", (string)report["text"]!, StringComparison.OrdinalIgnoreCase),
        ["completions"] = static report => Assert.NotEqual("", (string)report["text"]!),
        ["embeddings"] = static report => AssertEmbeddings(report),
        ["models"] = static report => Assert.Contains(report["ids"]!.AsArray(), static id => ((string)id!).StartsWith(BundledServer.Model, StringComparison.Ordinal)),
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_langChain = new() { ["embeddings"] = static report => AssertEmbeddings(report) };

    private static readonly Dictionary<string, Action<JsonObject>> s_anthropic = new()
    {
        ["unknownModel"] = static report => AssertRefusal(report, 404, "not_found_error", "no-such-model"),
        ["brokenPicture"] = static report => AssertRefusal(report, 400, "invalid_request_error", "messages[0].content[1]"),
        ["counted"] = static report => Assert.Equal((int)report["answered"]!, (int)report["input"]!),
        ["stopped"] = static report =>
        {
            Assert.Equal(("stop_sequence", "red"), ((string)report["reason"]!, (string)report["sequence"]!));
            Assert.DoesNotContain("red", (string)report["text"]!, StringComparison.Ordinal);
        },
        ["limited"] = static report => Assert.Equal("max_tokens", (string)report["reason"]!),
        ["result"] = static report => Assert.Equal("end_turn", (string)report["finish"]!),
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_ollama = new()
    {
        ["tools"] = static report => AssertOllamaCall(report),
        ["toolsStream"] = static report => AssertOllamaCall(report),
        ["unknownModel"] = static report => AssertOllamaRefusal(report, 404, "model 'no-such-model' not found"),
        ["brokenPicture"] = static report => AssertOllamaRefusal(report, 400, ".images[0]: image is corrupt"),
        ["embeddings"] = static report => AssertEmbeddings(report),
        ["retry"] = static report =>
        {
            Assert.Equal("[503]", report["statuses"]!.ToJsonString());
            Assert.InRange(int.Parse((string)report["retryAfter"]!, CultureInfo.InvariantCulture), 1, 60);
            AssertOllamaRefusal(report, 503, "server busy, please try again.  maximum pending requests exceeded");
        },
    };

    private static readonly Dictionary<string, Action<JsonObject>> s_ollamaPackage = new()
    {
        ["generated"] = static report =>
        {
            AssertAnswer(report, "red");
            Assert.InRange((int)report["context"]!, (int)report["output"]!, (int)report["input"]! + (int)report["output"]!);
        },
        ["logprobs"] = static report => AssertLogProbabilities(report),
    };

    [Theory]
    [InlineData("openai 6")]
    [InlineData("openai 7")]
    [InlineData("openai 6 responses")]
    [InlineData("openai 7 responses")]
    [InlineData("ai sdk")]
    [InlineData("ai sdk responses")]
    [InlineData("langchain")]
    [InlineData("langchain responses")]
    [InlineData("anthropic")]
    [InlineData("ollama")]
    [InlineData("langchain ollama")]
    public async Task AllScenarios_RealServer_AsTheRealApi(string client)
    {
        var reports = await RunAsync(client);
        var isOllama = client.Contains("ollama", StringComparison.Ordinal);
        var dialect = client == "anthropic" ? s_anthropic : isOllama ? s_ollama : client.EndsWith("responses", StringComparison.Ordinal) ? s_responses : s_chat;
        Dictionary<string, Action<JsonObject>> more = client switch
        {
            "openai 6" or "openai 7" => s_openAI,
            "openai 6 responses" or "openai 7 responses" => s_openAIResponses,
            "ai sdk responses" => new() { ["conversation"] = s_openAIResponses["conversation"] },
            "langchain" => s_langChain,
            "ollama" => s_ollamaPackage,
            _ => [],
        };
        var expected = s_common.Concat(dialect).Concat(more).GroupBy(static one => one.Key).ToDictionary(static one => one.Key, static one => one.Last().Value);
        var wrong = new List<string>();
        foreach (var (scenario, check) in expected)
        {
            try
            {
                check(reports[scenario]);
            }
            catch (Exception exception)
            {
                wrong.Add($"{scenario}: {exception.Message}\n{reports.GetValueOrDefault(scenario)?.ToJsonString()}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
        Assert.Equal(expected.Keys.Order(), reports.Keys.Order());
        Assert.Equal((string)reports["whole"]["text"]!, (string)reports["stream"]["text"]!);
        Assert.Equal((int)reports["whole"]["input"]!, (int)reports["stream"]["input"]!);
        Assert.InRange((int)reports["pictures"]["input"]!, (int)reports["picture"]["input"]! + 64, int.MaxValue);
        if (reports.TryGetValue("counted", out var counted))
        {
            Assert.Equal((int)reports["picture"]["input"]!, (int)counted["input"]!);
        }
    }

    private async Task<Dictionary<string, JsonObject>> RunAsync(string client)
    {
        const string Call = """<tool_call>{"name": "paint", "arguments": {"color": "red", "count": 3}}</tool_call>""";
        await using var calling = client.Contains("ollama", StringComparison.Ordinal)
            ? await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 2048, Answer = static _ => Call })
            : null;
        var settings = JsonSerializer.Serialize(new
        {
            bundled = bundled.Address,
            crowded = crowded.Address,
            model = BundledServer.Model,
            endless = EndlessServer.Model,
            calling = calling is null ? null : new { address = calling.Address, model = "eye" },
            circle = TestPicture.RedCircle.DataUrl,
            square = TestPicture.CircleAndSquare.DataUrl,
            broken = TestPicture.Truncated.DataUrl,
        });
        var folder = await NodePackages.FolderAsync("Clients");
        var (exitCode, output, errors) = await Tool.RunAsync(folder, "node", ["run.mjs", client, settings]);
        Assert.True(exitCode == 0, errors);
        return Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(static line => line.StartsWith("{\"scenario\"", StringComparison.Ordinal))
            .Select(static line => JsonNode.Parse(line)!.AsObject()).ToDictionary(static report => (string)report["scenario"]!);
    }

    private static void AssertAnswer(JsonObject report, string word)
    {
        Assert.NotEqual("", ((string)report["text"]!).Trim());
        Assert.Contains(word, (string)report["text"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Contains((string)report["finish"]!, (string[])["stop", "end_turn"]);
        Assert.InRange((int)report["output"]!, 1, 256);
    }

    private static void AssertStream(JsonObject report, string word)
    {
        AssertAnswer(report, word);
        Assert.InRange((int)report["pieces"]!, 2, 256);
    }

    private static void AssertCall(JsonObject report)
    {
        Assert.Equal("paint", (string)report["name"]!);
        Assert.Contains((string)report["finish"]!, (string[])["tool_calls", "tool-calls", "tool_use"]);
        AssertPaint(report["value"]!);
    }

    // The dialect's own reason for an answer that ends in calls.
    private static void AssertOllamaCall(JsonObject report)
    {
        Assert.Equal(("paint", "stop"), ((string)report["name"]!, (string)report["finish"]!));
        AssertPaint(report["value"]!);
    }

    private static void AssertOllamaRefusal(JsonObject report, int status, string words)
    {
        Assert.Equal(("ResponseError", status), ((string)report["name"]!, (int)report["status"]!));
        Assert.Contains(words, (string)report["message"]!, StringComparison.Ordinal);
    }

    private static void AssertPaint(JsonNode value)
    {
        Assert.Contains((string)value["color"]!, (string[])["red", "blue"]);
        Assert.InRange((int)value["count"]!, 0, 9);
        Assert.Equal(2, value.AsObject().Count);
    }

    private static void AssertLogProbabilities(JsonObject report)
    {
        Assert.Equal((string)report["text"]!, (string)report["joined"]!);
        Assert.All(report["alternatives"]!.AsArray(), static count => Assert.Equal(2, (int)count!));
    }

    // A client that reads numbers where it asked for base64 has vectors of nothing.
    private static void AssertEmbeddings(JsonObject report)
    {
        var (asked, floats) = (report["asked"]!.AsArray(), report["floats"]!.AsArray());
        Assert.Equal((2, 2), (asked.Count, floats.Count));
        foreach (var (one, other) in asked.Zip(floats))
        {
            var vector = one!.AsArray().Select(static value => (double)value!).ToArray();
            Assert.Equal(1, vector.Sum(static value => value * value), 1e-4);
            Assert.All(vector.Zip(other!.AsArray()), static pair => Assert.Equal((double)pair.Second!, pair.First, 1e-6));
        }

        Assert.NotEqual(asked[0]!.ToJsonString(), asked[1]!.ToJsonString());
    }

    private static string Without(JsonObject report, string name) => new JsonObject(report.Where(member => member.Key != name).Select(static member => KeyValuePair.Create(member.Key, member.Value?.DeepClone()))).ToJsonString();

    private static void AssertFailure(JsonObject report, int status, string code, string parameter) =>
        Assert.Equal((status, code, parameter), ((int)report["status"]!, (string)report["code"]!, (string)report["param"]!));

    private static void AssertRefusal(JsonObject report, int status, string type, string words)
    {
        Assert.Equal((status, type), ((int)report["status"]!, (string)report["code"]!));
        Assert.Contains(words, (string)report["message"]!, StringComparison.Ordinal);
        Assert.StartsWith("req_", (string)report["id"]!, StringComparison.Ordinal);
    }
}
