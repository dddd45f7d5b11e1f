using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints;

/// <summary>A model that never ends, asked without any limit.</summary>
public sealed class EndlessAnswerTests
{
    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"eye","messages":[{"role":"user","content":"Go on"}]}""")]
    [InlineData("/api/chat", """{"model":"eye","stream":false,"messages":[{"role":"user","content":"Go on"}]}""")]
    [InlineData("/api/generate", """{"model":"eye","stream":false,"prompt":"Go on","options":{"num_predict":-1}}""")]
    public async Task SCH7_NoLimitInTheRequest_EndsAtTheContext(string path, string body)
    {
        var script = new ScriptedEngineFactory { ContextLength = 200, Answer = static _ => new string('x', 100_000) };
        await using var server = await ScriptedServer.StartAsync(script);
        using var response = await OpenAIServer.PostAsync(server, body, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var root = json.RootElement;
        var (ended, tokens) = root.TryGetProperty("choices", out var choices)
            ? (choices[0].GetProperty("finish_reason").GetString(), root.GetProperty("usage").GetProperty("total_tokens").GetInt32())
            : (root.GetProperty("done_reason").GetString(), root.GetProperty("prompt_eval_count").GetInt32() + root.GetProperty("eval_count").GetInt32());
        Assert.Equal(("length", 200), (ended, tokens));
        await server.AssertIdleAsync();
    }

    [Theory]
    [InlineData("4")]
    [InlineData("1")]
    public async Task SCH4_ClientOfSeveralChoicesLeaves_AllStop(string slots)
    {
        var script = new ScriptedEngineFactory { ContextLength = 1_000_000, Answer = static _ => new string('x', 900_000) };
        await using var server = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Engine:Slots"] = slots });
        using (var client = new HttpClient { BaseAddress = server.Address })
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = new StringContent(OpenAIServer.Question("\"n\":4,\"stream\":true"), System.Text.Encoding.UTF8, "application/json"),
            };
            using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("\"content\":\"x", StringComparison.Ordinal))
            {
                Assert.DoesNotContain("error", line, StringComparison.Ordinal);
            }
        }

        await server.AssertIdleAsync();
    }
}
