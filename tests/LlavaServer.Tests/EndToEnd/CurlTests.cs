using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The bytes on the wire, as curl receives them.</summary>
[Collection(EndToEndGroup.Name)]
public sealed partial class CurlTests(EndlessServer endless)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChatCompletions_Stream_FramedExactly(bool includeUsage)
    {
        var (headers, body) = await PostAsync("v1/chat/completions", new JsonObject
        {
            ["model"] = EndlessServer.Model,
            ["messages"] = new JsonArray(Message("Go on", TestPicture.RedCircle.DataUrl)),
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = includeUsage },
            ["max_tokens"] = 5,
            ["temperature"] = 0,
        });

        Assert.Equal("200", headers["status"]);
        Assert.Equal("text/event-stream; charset=utf-8", headers["content-type"]);
        Assert.StartsWith("no-cache", headers["cache-control"], StringComparison.Ordinal);
        Assert.Equal("no", headers["x-accel-buffering"]);
        Assert.DoesNotContain("content-length", headers.Keys);
        Assert.DoesNotContain("content-encoding", headers.Keys);

        var usage = includeUsage ? ",\"usage\":null" : "";
        var start = $$"""data: {"id":"ID","object":"chat.completion.chunk","created":TIME,"model":"endless","system_fingerprint":"FP","choices":[""";
        var role = start + """{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]""" + usage + "}\n\n";
        var piece = start + """{"index":0,"delta":{"content":"TEXT"},"logprobs":null,"finish_reason":null}]""" + usage + "}\n\n";
        var finish = start + """{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]""" + usage + (includeUsage ? "" : ",\"timings\":{}") + "}\n\n";
        var last = includeUsage ? start + "],\"usage\":{USAGE},\"timings\":{}}\n\n" : "";
        var normal = Normal(body);
        Assert.StartsWith(role + piece, normal, StringComparison.Ordinal);
        Assert.EndsWith(piece + finish + last + "data: [DONE]\n\n", normal, StringComparison.Ordinal);
        Assert.Equal("", normal.Replace(piece, "", StringComparison.Ordinal).Replace(role, "", StringComparison.Ordinal)
            .Replace(finish, "", StringComparison.Ordinal).Replace(last.Length > 0 ? last : "\0", "", StringComparison.Ordinal)
            .Replace("data: [DONE]\n\n", "", StringComparison.Ordinal));
        Assert.Single(Ids().Matches(body).Select(match => match.Value).Distinct());
    }

    [Fact]
    public async Task Chat_Ollama_LinesOfJson()
    {
        var (headers, body) = await PostAsync("api/chat", new JsonObject
        {
            ["model"] = EndlessServer.Model,
            ["messages"] = new JsonArray(new JsonObject
            {
                ["role"] = "user",
                ["content"] = "Go on",
                ["images"] = new JsonArray(TestPicture.RedCircle.Base64),
            }),
            ["options"] = new JsonObject { ["num_predict"] = 5, ["temperature"] = 0 },
        });

        Assert.Equal("application/x-ndjson", headers["content-type"]);
        Assert.EndsWith("}\n", body, StringComparison.Ordinal);
        var lines = body[..^1].Split('\n');
        Assert.All(lines[..^1], line => Assert.Matches(PieceLine(), line));
        Assert.Matches(LastLine(), lines[^1]);
        Assert.Equal(5, (int)JsonNode.Parse(lines[^1])!["eval_count"]!);
    }

    [Fact]
    public async Task ChatCompletions_Whole_JsonWithUsage()
    {
        var (headers, body) = await PostAsync("v1/chat/completions", new JsonObject
        {
            ["model"] = EndlessServer.Model,
            ["messages"] = new JsonArray(Message("Go on", TestPicture.Single[2].DataUrl)),
            ["max_tokens"] = 3,
            ["temperature"] = 0,
        });
        Assert.Equal("application/json; charset=utf-8", headers["content-type"]);
        Assert.Matches("^(req_[0-9a-f]{32})$", headers["x-request-id"]);
        var answer = JsonNode.Parse(body)!;
        Assert.Equal(3, (int)answer["usage"]!["completion_tokens"]!);
        Assert.Equal("length", (string)answer["choices"]![0]!["finish_reason"]!);
        Assert.Equal(16, (int)answer["usage"]!["prompt_tokens_details"]!["image_tokens"]!);
    }

    [Fact]
    public async Task Root_Get_OllamaIsRunning()
    {
        Tool.Need("curl");
        var (_, output, _) = await Tool.RunAsync(AppContext.BaseDirectory, "curl", ["-s", endless.Address.ToString()]);
        Assert.Equal("Ollama is running", Encoding.UTF8.GetString(output));
    }

    private static JsonObject Message(string text, string url) => new()
    {
        ["role"] = "user",
        ["content"] = new JsonArray(
            new JsonObject { ["type"] = "text", ["text"] = text },
            new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = url } }),
    };

    private async Task<(Dictionary<string, string> Headers, string Body)> PostAsync(string path, JsonObject request)
    {
        Tool.Need("curl");
        string[] arguments =
        [
            "-sN", "-i", "--http1.1", "-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", "@-", new Uri(endless.Address, path).ToString(),
        ];
        var (exitCode, output, errors) = await Tool.RunAsync(AppContext.BaseDirectory, "curl", arguments, request.ToJsonString());
        Assert.True(exitCode == 0, errors);
        var text = Encoding.UTF8.GetString(output);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var lines = text[..end].Split("\r\n");
        var headers = lines[1..].Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1]);
        headers["status"] = lines[0].Split(' ')[1];
        return (headers, text[(end + 4)..]);
    }

    /// <summary>What differs from run to run, replaced by names.</summary>
    private static string Normal(string body)
    {
        body = Ids().Replace(body, "\"id\":\"ID\"");
        body = Regex.Replace(body, "\"created\":\\d+", "\"created\":TIME");
        body = Regex.Replace(body, "\"system_fingerprint\":\"fp_[0-9a-f]+\"", "\"system_fingerprint\":\"FP\"");
        body = Regex.Replace(body, "\"content\":\"(?:[^\"\\\\]|\\\\.)+\"", "\"content\":\"TEXT\"");
        body = Regex.Replace(body, "\"timings\":\\{[^}]*\\}", "\"timings\":{}");
        return Regex.Replace(body, "\"usage\":\\{\"prompt_tokens\":\\d+,\"completion_tokens\":5,\"total_tokens\":\\d+,[^}]*\\},[^}]*\\}\\}", "\"usage\":{USAGE}");
    }

    [GeneratedRegex("\"id\":\"chatcmpl-[A-Za-z0-9]{24,}\"")]
    private static partial Regex Ids();

    [GeneratedRegex(
        """^\{"model":"endless","created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z","message":\{"role":"assistant","content":"(?:[^"\\]|\\.)*"\},"done":false\}$""")]
    private static partial Regex PieceLine();

    [GeneratedRegex(
        """^\{"model":"endless","created_at":"[^"]+","message":\{"role":"assistant","content":""\},"done":true,"done_reason":"length","total_duration":\d+,"load_duration":\d+,"prompt_eval_count":\d+,"prompt_eval_duration":\d+,"eval_count":\d+,"eval_duration":\d+\}$""")]
    private static partial Regex LastLine();
}
