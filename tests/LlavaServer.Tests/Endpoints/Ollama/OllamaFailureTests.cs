using System.Net;
using System.Text;
using LlavaServer.Inference;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaFailureTests
{
    private const string Ask = """{"model":"eye","prompt":"Hi"}""";

    [Fact]
    public async Task Queue_Full_503WithRetryAfterAndOthersSurvive()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(30)) };
        await using var server = await ScriptedServer.StartAsync(
            script, new Dictionary<string, string?> { ["Llava:Engine:Slots"] = "1", ["Llava:Queue:MaxQueue"] = "1" });
        var first = server.PostAsync("/api/generate", Ask);
        await WaitUntilAsync(() => script.Steps > 0);
        var second = server.PostAsync("/api/generate", Ask);
        OllamaReply refused;
        do
        {
            // The second may reach the queue after the third: then the third waits, and a later one is refused.
            refused = await FirstRefusedAsync(server);
        }
        while (refused.Status != HttpStatusCode.ServiceUnavailable);
        refused.AssertError(HttpStatusCode.ServiceUnavailable, "server busy, please try again.  maximum pending requests exceeded");
        Assert.InRange(int.Parse(refused.Headers["Retry-After"]), 1, 60);
        gate.Set();
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.True((await second).Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Load_Fails_500WithReasonAndNextTryWorks()
    {
        var script = new ScriptedEngineFactory { OnLoad = static _ => throw new InferenceException(InferenceError.ModelLoadFailed, "tensor 'x' is missing") };
        await using var server = await ScriptedServer.StartAsync(script);
        (await server.PostAsync("/api/generate", Ask)).AssertError(HttpStatusCode.InternalServerError, "tensor 'x' is missing");
        script.OnLoad = static _ => { };
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", Ask)).Status);
    }

    [Fact]
    public async Task Engine_DiesBeforeFirstToken_500()
    {
        var script = new ScriptedEngineFactory { OnDecode = static _ => throw new InvalidOperationException("secret") };
        await using var server = await ScriptedServer.StartAsync(script);
        var reply = await server.PostAsync("/api/generate", Ask);
        reply.AssertError(
            HttpStatusCode.InternalServerError,
            "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, check ollama server logs for details");
    }

    [Fact]
    public async Task Engine_DiesAfterFirstLine_ErrorLineEndsStream()
    {
        using var seen = new SemaphoreSlim(0);
        var steps = 0;
        var script = new ScriptedEngineFactory();
        script.OnDecode = _ =>
        {
            if (++steps > 1)
            {
                seen.Wait(TimeSpan.FromSeconds(30));
                throw new InvalidOperationException("secret");
            }
        };
        await using var server = await ScriptedServer.StartAsync(script);
        using var response = await PostStreamAsync(server, Ask);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Contains("\"response\":\"A\"", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        seen.Release(100);
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("{\"error\":\"model runner has unexpectedly stopped", rest, StringComparison.Ordinal);
        Assert.Equal(1, rest.Count(static c => c == '\n'));
        Assert.DoesNotContain("secret", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_LeavesStream_SlotIsFreed()
    {
        var script = new ScriptedEngineFactory { Answer = static _ => new string('x', 100_000), ContextLength = 100_000, OnDecode = static _ => Thread.Sleep(1) };
        await using var server = await ScriptedServer.StartAsync(script);
        using (var response = await PostStreamAsync(server, Ask))
        {
            var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            Assert.True(await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken) > 0);
        }

        await server.AssertIdleAsync();
        Assert.True(script.Steps < 90_000);
    }

    [Fact]
    public async Task Client_LeavesWholeAnswer_SlotIsFreed()
    {
        var script = new ScriptedEngineFactory { Answer = static _ => new string('x', 100_000), ContextLength = 100_000, OnDecode = static _ => Thread.Sleep(1) };
        await using var server = await ScriptedServer.StartAsync(script);
        using var leave = new CancellationTokenSource();
        var asking = server.Client.PostAsync("/api/generate", new StringContent("""{"model":"eye","prompt":"Hi","stream":false}"""), leave.Token);
        await WaitUntilAsync(() => script.Steps > 3);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await server.AssertIdleAsync();
    }

    [Fact]
    public async Task Several_AtOnce_EachItsOwnAnswer()
    {
        var script = new ScriptedEngineFactory { Answer = static prompt => prompt[(prompt.IndexOf("USER: ", StringComparison.Ordinal) + 6)..prompt.IndexOf(" ASSISTANT", StringComparison.Ordinal)] };
        await using var server = await ScriptedServer.StartAsync(script);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Number {{i}}","stream":false}""");
            Assert.Equal($"Number {i}", reply.Json.GetProperty("response").GetString());
        }));
    }

    private static async Task<OllamaReply> FirstRefusedAsync(ScriptedServer server)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMilliseconds(500));
        try
        {
            using var response = await server.Client.PostAsync("/api/generate", new StringContent(Ask), patience.Token);
            return await OllamaReply.FromAsync(response);
        }
        catch (OperationCanceledException)
        {
            return new OllamaReply(HttpStatusCode.Accepted, null, "", new Dictionary<string, string>());
        }
    }

    private static Task<HttpResponseMessage> PostStreamAsync(ScriptedServer server, string json) => server.Client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/api/generate") { Content = new StringContent(json, Encoding.UTF8) },
        HttpCompletionOption.ResponseHeadersRead,
        TestContext.Current.CancellationToken);

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
            await Task.Delay(5);
        }
    }
}
