using System.Net;
using System.Text.Json;
using LlavaServer.Health;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LlavaServer.Tests.Health;

/// <summary>What probes say, and a graceful stop with an answer on its way.</summary>
public sealed class DrainTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Probes_StartingReadyDraining_SayWhichAndNothingSecret()
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "starting", "model_loading"), await HealthAsync(server));
        using (var starting = await server.Client.GetAsync("/readyz", Cancelled))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, starting.StatusCode);
        }

        server.Services.GetRequiredService<Readiness>().Begin();
        Assert.Equal((HttpStatusCode.OK, "ok", null), await HealthAsync(server));
        foreach (var path in (string[])["/livez", "/healthz", "/readyz", "/v1/health"])
        {
            using var response = await server.Client.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.DoesNotContain("eye", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }

        server.Services.GetRequiredService<DrainState>().Announce(interactive: false);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "draining", "shutting_down"), await HealthAsync(server));
        using var alive = await server.Client.GetAsync("/livez", Cancelled);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        using var answered = await OpenAIServer.PostAsync(server, OpenAIServer.Question());
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
    }

    [Fact]
    public async Task O82_StopDuringStream_StreamArrivesCompleteAndNewRequestsAreRefused()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { Answer = static _ => new string('a', 60), OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(20)) };
        await using var server = await ScriptedServer.StartAsync(script);
        var running = OpenAIServer.PostAsync(server, OpenAIServer.Question("\"stream\":true,\"sse_ping_interval\":-1"));
        while (script.Steps == 0)
        {
            await Task.Delay(10, Cancelled);
        }

        await server.Services.GetServices<IHostedService>().OfType<DrainService>().Single().StoppingAsync(CancellationToken.None);
        using var refused = await OpenAIServer.PostAsync(server, OpenAIServer.Question());
        await ErrorAssert.IsAsync(refused, HttpStatusCode.ServiceUnavailable, "shutting_down", null);
        Assert.InRange(int.Parse(Assert.Single(refused.Headers.GetValues("Retry-After"))), 1, 60);
        gate.Set();
        using var response = await running;
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal(new string('a', 60), TextOf(body));
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task O82_GraceIsOver_LeftoversEndAsFailedStream()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { Answer = static _ => new string('a', 400), OnDecode = _ => gate.Wait(TimeSpan.FromMilliseconds(100)) };
        await using var server = await ScriptedServer.StartAsync(script);
        var body = OpenAIServer.Question("\"stream\":true");
        using var connection = Edge.RawHttp.Connect(server.Address);
        await connection.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        while (script.Steps < 3)
        {
            await Task.Delay(10, Cancelled);
        }

        await server.Services.GetServices<IHostedService>().OfType<DrainService>().Single().StoppingAsync(CancellationToken.None);
        var received = await connection.ReadAsync(8);
        Assert.Contains("\"code\":\"shutting_down\"", received, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", received, StringComparison.Ordinal);
        Assert.True(connection.IsClosed);
    }

    private static string TextOf(string body) => string.Concat(
        body.Split("\n\n").Where(static line => line.Contains("\"content\":\"a", StringComparison.Ordinal))
            .Select(static line => JsonDocument.Parse(line[6..]).RootElement.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()));

    private static async Task<(HttpStatusCode Status, string? Text, string? Code)> HealthAsync(ScriptedServer server)
    {
        using var response = await server.Client.GetAsync("/health", Cancelled);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        var root = document.RootElement;
        Assert.Equal(8, root.GetProperty("queue").GetProperty("slots").GetInt32());
        return (response.StatusCode, root.GetProperty("status").GetString(), root.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : null);
    }
}
