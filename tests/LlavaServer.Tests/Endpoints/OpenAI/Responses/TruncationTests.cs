using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI.Responses;

/// <summary><c>truncation</c>: which turns of a conversation that is too long are left out.</summary>
public sealed class TruncationTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static readonly string s_long = new('a', 100);

    /// <summary>512 positions hold the system message and four of these turns, each of which has 118 tokens.</summary>
    private static string Turns(int count) => string.Join(',', Enumerable.Range(0, count).Select(static i => $$"""{"role":"user","content":"{{i}}{{s_long}}"},{"role":"assistant","content":"b"}"""));

    [Theory]
    [InlineData("", false)]
    [InlineData("\"stream\":true", true)]
    public async Task Post_Auto_LeavesOutTheFewestOldestTurns(string fields, bool isStream)
    {
        foreach (var count in (int[])[1, 4, 9, 16])
        {
            var input = $$"""[{"role":"system","content":"Rule."},{{Turns(count)}},{"role":"user","content":"Last?"}]""";
            var body = await ResponseText.AskAsync(server.Server, "\"truncation\":\"auto\"" + (isStream ? "," + fields : ""), input);
            Assert.Contains("\"truncation\":\"auto\"", body, StringComparison.Ordinal);
            var prompt = server.Script.LastPrompt;
            Assert.StartsWith("<s>Rule. USER: ", prompt, StringComparison.Ordinal);
            Assert.EndsWith("USER: Last? ASSISTANT:", prompt, StringComparison.Ordinal);
            var kept = Enumerable.Range(0, count).Where(i => prompt.Contains($"USER: {i}{s_long}", StringComparison.Ordinal)).ToList();
            Assert.Equal(Enumerable.Range(count - kept.Count, kept.Count), kept);
            Assert.Equal(Math.Min(count, 3), kept.Count);
        }
    }

    [Fact]
    public async Task Post_AutoAndCalls_NoResultWithoutItsCall()
    {
        var input = $$"""[{"role":"user","content":"{{s_long}}{{s_long}}"},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":"{{s_long}}{{s_long}}"},{"role":"assistant","content":"So."},{"role":"user","content":"Last?"}]""";
        await ResponseText.AskAsync(server.Server, "\"truncation\":\"auto\"", input);
        Assert.Equal("<s>USER: Last? ASSISTANT:", server.Script.LastPrompt);
    }

    [Theory]
    [InlineData("\"truncation\":\"auto\"", 1)]
    [InlineData("\"truncation\":\"disabled\"", 9)]
    [InlineData("\"temperature\":1", 9)]
    public async Task Post_LastTurnTooLongOrDisabled_Refused(string fields, int count)
    {
        var last = count == 1 ? s_long + s_long + s_long + s_long + s_long + s_long : "Last?";
        using var response = await server.PostAsync(ResponseText.Question(fields, $$"""[{{Turns(count)}},{"role":"user","content":"{{last}}"}]"""), ResponseText.Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "context_length_exceeded", null);
    }

    [Fact]
    public async Task InputTokens_AutoAndDisabled_CountWhatWouldBeSent()
    {
        var input = $$"""[{{Turns(9)}},{"role":"user","content":"Last?"}]""";
        async Task<int> CountAsync(string truncation)
        {
            using var response = await server.PostAsync(ResponseText.Question($"\"truncation\":\"{truncation}\"", input), "/v1/responses/input_tokens");
            return JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).GetProperty("input_tokens").GetInt32();
        }

        var used = JsonElement.Parse(await ResponseText.AskAsync(server.Server, "\"truncation\":\"auto\"", input)).GetProperty("usage").GetProperty("input_tokens").GetInt32();
        Assert.Equal(used, await CountAsync("auto"));
        Assert.InRange(await CountAsync("disabled"), 900, 2000);
    }

    /// <summary>Only a stream that began before its model was in memory can be too long after its first byte.</summary>
    [Fact]
    public async Task Stream_TooLongFoundAfterTheModelCame_FailsWithItsCode()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnLoad = token => gate.Wait(TimeSpan.FromSeconds(20), token) };
        await using var cold = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Streaming:CommitDelay"] = "50ms" });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(ResponseText.Path, UriKind.Relative))
        {
            Content = new StringContent(ResponseText.Question("\"stream\":true", $"[{Turns(9)},{{\"role\":\"user\",\"content\":\"x\"}}]")),
        };
        using var response = await cold.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        gate.Set();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var lines = new List<string>();
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                lines.Add(line);
            }
        });
        Assert.Equal(["response.created", "response.in_progress", "response.failed", "error"], lines.Where(static line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(static line => line[7..]));
        var error = JsonElement.Parse(lines.Last(static line => line.StartsWith("data: ", StringComparison.Ordinal))[6..]);
        Assert.Equal(("context_length_exceeded", "invalid_request_error"), (error.GetProperty("code").GetString(), error.GetProperty("error").GetProperty("type").GetString()));
    }
}
