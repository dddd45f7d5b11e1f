using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary><c>GET /slots</c> while slots are idle and busy, and who may read it and <c>/metrics</c>.</summary>
public sealed class SlotsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_IdleThenBusyThenIdle_TellsNumbersOnly()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Engine:Slots"] = "2" });
        using var begun = new SemaphoreSlim(0);
        using var gate = new SemaphoreSlim(0);
        server.Script.Answer = static _ => "ABC";
        using (await OpenAIServer.PostAsync(server, OpenAIServer.Question()))
        {
            await server.AssertIdleAsync();
        }

        server.Script.OnDecode = batch =>
        {
            begun.Release();
            gate.Wait(TimeSpan.FromSeconds(20));
        };
        Assert.Equal(
            """[{"id":0,"id_task":-1,"n_ctx":512,"speculative":false,"is_processing":false,"n_prompt_tokens":0,"n_decoded":0},{"id":1,"id_task":-1,"n_ctx":512,"speculative":false,"is_processing":false,"n_prompt_tokens":0,"n_decoded":0}]""",
            await server.Client.GetStringAsync("/slots", Token));

        var first = OpenAIServer.PostAsync(server, OpenAIServer.Question("\"n\":2", text: "secret words"));
        for (var step = 0; step < 3; step++)
        {
            await begun.WaitAsync(TimeSpan.FromSeconds(20), Token);
            if (step < 2)
            {
                gate.Release();
            }
        }

        var body = await server.Client.GetStringAsync("/slots?model=eye", Token);
        using (var busy = JsonDocument.Parse(body))
        {
            Assert.All(busy.RootElement.EnumerateArray(), slot => Assert.True(slot.GetProperty("is_processing").GetBoolean()));
            Assert.Equal([0, 1], busy.RootElement.EnumerateArray().Select(slot => slot.GetProperty("id").GetInt32()));
            Assert.Equal(2, busy.RootElement.EnumerateArray().Select(slot => slot.GetProperty("id_task").GetInt64()).Distinct().Count());
            Assert.All(busy.RootElement.EnumerateArray(), slot => Assert.True(slot.GetProperty("n_prompt_tokens").GetInt32() > 20));
            Assert.Contains(busy.RootElement.EnumerateArray(), slot => slot.GetProperty("n_decoded").GetInt32() > 0);
            Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        }

        using (var refused = await server.Client.GetAsync("/slots?fail_on_no_slot=1", Token))
        {
            await ErrorAssert.IsAsync(refused, HttpStatusCode.ServiceUnavailable, "no_slot_available", null);
            Assert.True(refused.Headers.RetryAfter is { Delta: not null });
        }

        using (var allowed = await server.Client.GetAsync("/slots?fail_on_no_slot=0", Token))
        {
            Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        }

        gate.Release(100);
        using var answer = await first;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await server.AssertIdleAsync();
        Assert.DoesNotContain("\"is_processing\":true", await server.Client.GetStringAsync("/slots?fail_on_no_slot=1", Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_KeysConfigured_AskForAnyKeyUnlessMetricsArePublic(bool isPublic)
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?>
        {
            ["Llava:Security:ApiKeys"] = "team:0123456789abcdef0123456789abcdef",
            ["Llava:Metrics:Public"] = isPublic ? "true" : "false",
        });
        using (var metrics = await server.Client.GetAsync("/metrics", Token))
        {
            Assert.Equal(isPublic ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, metrics.StatusCode);
        }

        using (var slots = await server.Client.GetAsync("/slots", Token))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, slots.StatusCode);
        }

        server.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "0123456789abcdef0123456789abcdef");
        foreach (var path in new[] { "/metrics", "/slots" })
        {
            using var response = await server.Client.GetAsync(path, Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task Get_MetricsSwitchedOff_Refused()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Metrics:Enabled"] = "false" });
        using var response = await server.Client.GetAsync("/metrics", Token);
        await ErrorAssert.IsAsync(response, HttpStatusCode.Forbidden, "endpoint_disabled", null);
    }

    [Fact]
    public async Task Post_Metrics_IsNotAllowed()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var response = await OpenAIServer.PostAsync(server, "{}", "/metrics");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }
}
