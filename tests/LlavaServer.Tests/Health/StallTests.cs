using System.Net;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Health;

/// <summary>What the probes say while an engine hangs.</summary>
public sealed class StallTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SCH14_EngineHangs_LivenessFailsUntilItGoesOn()
    {
        await using var server = await ScriptedServer.StartAsync(
            settings: new Dictionary<string, string?> { ["Llava:Engine:StepTimeout"] = "00:00:01" });
        using var gate = new ManualResetEventSlim();
        server.Script.OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "livez"));
        var answer = OpenAIServer.PostAsync(server, OpenAIServer.Question(""));
        await WaitForAsync(server, "livez", HttpStatusCode.ServiceUnavailable);
        var report = await server.Client.GetAsync("health", Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, report.StatusCode);
        var body = await report.Content.ReadAsStringAsync(Token);
        Assert.Contains("\"status\":\"failed\"", body, StringComparison.Ordinal);
        Assert.Contains("The engine does not answer", body, StringComparison.Ordinal);
        gate.Set();
        Assert.Equal(HttpStatusCode.OK, (await answer).StatusCode);
        await WaitForAsync(server, "livez", HttpStatusCode.OK);
    }

    private static async Task WaitForAsync(ScriptedServer server, string probe, HttpStatusCode status)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await StatusAsync(server, probe) != status)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"{probe} does not answer {status}.");
            await Task.Delay(50, Token);
        }
    }

    private static async Task<HttpStatusCode> StatusAsync(ScriptedServer server, string probe)
    {
        using var response = await server.Client.GetAsync(probe, Token);
        return response.StatusCode;
    }
}
