using System.Net;
using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary><c>keep_alive</c>, loading and unloading on the wire, and what <c>/api/ps</c> shows of it.</summary>
public sealed class OllamaKeepAliveTests
{
    private const string Chat = "/api/chat";
    private const string Generate = "/api/generate";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Chat, """{"model":"eye","messages":[],"keep_alive":0}""", """{"model":"eye","created_at":"T","message":{"role":"assistant","content":""},"done":true,"done_reason":"unload"}""")]
    [InlineData(Generate, """{"model":"eye","keep_alive":"0s","stream":true}""", """{"model":"eye","created_at":"T","response":"","done":true,"done_reason":"unload"}""")]
    public async Task Unload_NoPromptAndKeepAliveZero_LeavesMemory(string path, string json, string answer)
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal(answer, OllamaWire.WithoutTimes((await server.PostAsync(path, json)).Body));
        Assert.Equal(0, server.Script.Loads);
        await server.PostAsync(Generate, """{"model":"eye"}""");
        Assert.Single(await RunningAsync(server));
        Assert.Equal(answer, OllamaWire.WithoutTimes((await server.PostAsync(path, json)).Body));
        Assert.Empty(await RunningAsync(server));
        (await server.PostAsync(path, json.Replace("eye", "none", StringComparison.Ordinal))).AssertError(HttpStatusCode.NotFound, "model 'none' not found");
        Assert.Equal(1, server.Script.Loads);
    }

    [Fact]
    public async Task KeepAlive_Given_SticksAndShowsInPs()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Pool:KeepAlive"] = "1h" });
        await server.PostAsync(Generate, """{"model":"eye","prompt":"Hi"}""");
        Assert.InRange(await MinutesLeftAsync(server), 55, 60.1);
        await server.PostAsync(Generate, """{"model":"eye","prompt":"Hi","keep_alive":"10m"}""");
        Assert.InRange(await MinutesLeftAsync(server), 8, 10.1);
        await server.PostAsync(Chat, """{"model":"eye","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.InRange(await MinutesLeftAsync(server), 8, 10.1);
        await server.PostAsync(Generate, """{"model":"eye","keep_alive":-1}""");
        Assert.InRange(await MinutesLeftAsync(server), 60 * 24 * 365 * 100, double.MaxValue);
        Assert.Equal(1, server.Script.Loads);
    }

    [Fact]
    public async Task KeepAlive_ZeroWithPrompt_AnswersThenLeavesMemory()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Generate, """{"model":"eye","prompt":"Hi","keep_alive":0,"stream":false}""");
        Assert.Equal("A red circle.", reply.Json.GetProperty("response").GetString());
        Assert.Empty(await RunningAsync(server));
    }

    [Fact]
    public async Task Ps_WhileOneAnswersAndOneWaits_ShowsTheQueue()
    {
        using var gate = new SemaphoreSlim(0);
        using var inside = new SemaphoreSlim(0);
        var script = new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                inside.Release();
                gate.Wait(Token);
            },
        };
        await using var server = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Engine:Slots"] = "1" });
        const string Body = """{"model":"eye","prompt":"Hi","stream":false}""";
        var first = server.PostAsync(Generate, Body);
        await inside.WaitAsync(Token);
        var second = server.PostAsync(Generate, Body);
        JsonElement queue;
        do
        {
            queue = Assert.Single(await RunningAsync(server)).GetProperty("queue");
        }
        while (queue.GetProperty("waiting").GetInt32() == 0);
        Assert.Equal("""{"running":1,"waiting":1,"slots":1}""", queue.GetRawText());
        gate.Release(1000);
        await Task.WhenAll(first, second);
        Assert.Equal("""{"running":0,"waiting":0,"slots":1}""", Assert.Single(await RunningAsync(server)).GetProperty("queue").GetRawText());
    }

    [Fact]
    public async Task SCH16_EngineDiesAgainAndAgain_503WithLastWordsInBothDialects()
    {
        var script = new ScriptedEngineFactory { OnDecode = static _ => throw new InferenceException(InferenceError.EngineFailed, "exit code 139 after step 7") };
        await using var server = await ScriptedServer.StartAsync(script);
        const string Body = """{"model":"eye","prompt":"Hi","stream":false}""";
        Assert.Equal(HttpStatusCode.InternalServerError, (await server.PostAsync(Generate, Body)).Status);
        await server.PostAsync(Generate, Body);
        var refused = await server.PostAsync(Generate, Body);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Contains("exit code 139 after step 7", refused.Error(), StringComparison.Ordinal);
        Assert.InRange(int.Parse(refused.Headers["Retry-After"]), 1, 60);

        var openAI = await server.PostAsync("/v1/chat/completions", """{"model":"eye","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, openAI.Status);
        Assert.Equal("engine_unavailable", openAI.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.InRange(int.Parse(openAI.Headers["Retry-After"]), 1, 60);
    }

    private static async Task<IReadOnlyList<JsonElement>> RunningAsync(ScriptedServer server) =>
        [.. (await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray()];

    private static async Task<double> MinutesLeftAsync(ScriptedServer server) =>
        (Assert.Single(await RunningAsync(server)).GetProperty("expires_at").GetDateTimeOffset() - DateTimeOffset.UtcNow).TotalMinutes;
}
