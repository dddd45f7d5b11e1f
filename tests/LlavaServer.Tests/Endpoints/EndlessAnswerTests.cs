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
}
