using System.Net;
using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Health;

/// <summary>What the probes say while the models that are loaded at start are loaded, and when one cannot be.</summary>
public sealed class StartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task S13_Health_ModelIsLoadedAtStart_503AtOnceUntilItIsThere()
    {
        using var gate = new ManualResetEventSlim();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { OnLoad = token => gate.Wait(TimeSpan.FromSeconds(60), token) });
        var starting = server.AnnounceAsync();
        while (server.Script.Loads == 0)
        {
            await Task.Delay(5, Token);
        }

        // None of them waits for the load: it goes on only afterwards.
        foreach (var path in (string[])["/health", "/v1/health", "/health", "/health/"])
        {
            using var response = await server.Client.GetAsync(path, Token);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.InRange(int.Parse(Assert.Single(response.Headers.GetValues("Retry-After"))), 1, 60);
            using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));
            Assert.Equal(
                """{"message":"Loading model","type":"unavailable_error","param":null,"code":"model_loading"}""", document.RootElement.GetProperty("error").GetRawText());
        }

        using (var head = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/health"), Token))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, head.StatusCode);
        }

        Assert.False(starting.IsCompleted);
        gate.Set();
        await starting;
        using var ready = await server.Client.GetAsync("/health", Token);
        using var report = JsonDocument.Parse(await ready.Content.ReadAsStringAsync(Token));
        Assert.Equal((HttpStatusCode.OK, "ok", false), (ready.StatusCode, report.RootElement.GetProperty("status").GetString(), report.RootElement.TryGetProperty("error", out _)));
        Assert.False(ready.Headers.Contains("Retry-After"));
    }

    [Fact]
    public async Task S13_Health_ModelCannotBeLoaded_503Failed()
    {
        await using var server = await ScriptedServer.StartAsync(
            new ScriptedEngineFactory { OnLoad = static _ => throw new InferenceException(InferenceError.ModelLoadFailed, "tensor 'x' is missing") },
            new Dictionary<string, string?> { ["Llava:Logging:Level"] = "error" });
        await Assert.ThrowsAsync<InferenceException>(server.AnnounceAsync);
        using var response = await server.Client.GetAsync("/health", Token);
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("\"status\":\"failed\"", body, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"model_loading\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("tensor", body, StringComparison.Ordinal);
    }
}
