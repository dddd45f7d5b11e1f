using System.Text;
using LlavaServer.Inference;
using LlavaServer.Tests.Metrics;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>A client that leaves, in each stage of its request: its work stops, its place and slot are free, and it is counted as cancelled.</summary>
public sealed class ClientLeavesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S15_11_InTheQueue_PlaceIsFreeWhileTheSlotIsStillTaken(bool streams)
    {
        using var gate = new ManualResetEventSlim();
        await using var server = await StartAsync(new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) });
        using var counts = new RequestCounts(server);
        var running = OpenAIServer.PostAsync(server, OpenAIServer.Question());
        await UntilAsync(() => server.Script.Steps == 1);
        using var leave = new CancellationTokenSource();
        var waiting = SendAsync(server, Question(streams), leave.Token);
        await UntilAsync(() => Active(server) == 2);
        await LeaveAsync(waiting, leave);
        await UntilAsync(() => Active(server) == 1);
        Assert.Equal(1, server.Script.Steps);
        gate.Set();
        using var answer = await running;
        Assert.True(answer.IsSuccessStatusCode);
        await AssertFreeAsync(server, counts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S15_11_WhileLoading_LoadGoesOnForTheNextRequest(bool streams)
    {
        using var gate = new ManualResetEventSlim();
        await using var server = await StartAsync(new ScriptedEngineFactory { OnLoad = token => gate.Wait(TimeSpan.FromSeconds(60), token) });
        using var counts = new RequestCounts(server);
        using var leave = new CancellationTokenSource();
        var waiting = SendAsync(server, Question(streams), leave.Token);
        await UntilAsync(() => server.Script.Loads == 1);
        await LeaveAsync(waiting, leave);
        await UntilAsync(() => Active(server) == 0);
        gate.Set();
        await AssertFreeAsync(server, counts);
        Assert.Equal(1, server.Script.Loads);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S15_11_WhileEncoding_EncoderIsStopped(bool streams)
    {
        var wasStopped = false;
        var script = new ScriptedEngineFactory();
        script.Vision.OnEncode = token =>
        {
            wasStopped = token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60));
            token.ThrowIfCancellationRequested();
        };
        await using var server = await StartAsync(script);
        using var counts = new RequestCounts(server);
        using var leave = new CancellationTokenSource();
        var waiting = SendAsync(server, Picture(streams), leave.Token);
        await UntilAsync(() => script.Vision.Encodes == 1);
        await LeaveAsync(waiting, leave);
        await UntilAsync(() => Active(server) == 0 && Volatile.Read(ref wasStopped));
        script.Vision.OnEncode = static _ => { };
        await AssertFreeAsync(server, counts, Picture(false));
        Assert.Equal(2, script.Vision.Encodes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S15_11_InThePrompt_RestOfItIsNotComputed(bool streams)
    {
        using var gate = new SemaphoreSlim(0);
        var script = new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) };
        await using var server = await StartAsync(script, ("Llava:Engine:StepRows", "8"));
        using var counts = new RequestCounts(server);
        using var leave = new CancellationTokenSource();
        var waiting = SendAsync(server, Question(streams, new string('p', 400)), leave.Token);
        gate.Release(2);
        await UntilAsync(() => script.Steps == 3);
        await LeaveAsync(waiting, leave);
        await StepUntilFreeAsync(server, gate);
        Assert.InRange(script.Steps, 3, 40);
        gate.Release(1000);
        await AssertFreeAsync(server, counts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task S15_11_InTheAnswer_RestOfItIsNotComputed(bool streams)
    {
        using var gate = new SemaphoreSlim(0);
        var script = new ScriptedEngineFactory { Answer = static _ => new string('a', 400), OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) };
        await using var server = await StartAsync(script);
        using var counts = new RequestCounts(server);
        using var leave = new CancellationTokenSource();
        var waiting = SendAsync(server, Question(streams), leave.Token);
        gate.Release(5);
        await UntilAsync(() => script.Steps == 6);
        await LeaveAsync(waiting, leave);
        await StepUntilFreeAsync(server, gate);
        Assert.InRange(script.Steps, 6, 200);
        gate.Release(1000);
        script.Answer = static _ => "short";
        await AssertFreeAsync(server, counts);
    }

    /// <summary>openai-node 7 closes its socket when it has read the last event.</summary>
    [Fact]
    public async Task S15_11_AfterDone_IsSuccess()
    {
        await using var server = await StartAsync(new ScriptedEngineFactory());
        using var counts = new RequestCounts(server);
        for (var i = 0; i < 20; i++)
        {
            using var connection = Edge.RawHttp.Connect(server.Address);
            var body = Question(true);
            await connection.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            Assert.Contains("data: [DONE]\n\n", await connection.ReadUntilAsync("[DONE]\n\n"), StringComparison.Ordinal);
        }

        await server.AssertIdleAsync();
        Assert.Equal((20, 0, 0), (counts["ok"], counts["cancelled"], counts["error"]));
    }

    private static string Question(bool streams, string text = "What is it?") => OpenAIServer.Question($"\"stream\":{(streams ? "true" : "false")}", text: text);

    private static string Picture(bool streams) =>
        OpenAIServer.Parts($$$"""{"type":"image_url","image_url":{"url":"{{{TestPictures.DataUrl()}}}"}}""")[..^1] + $",\"stream\":{(streams ? "true" : "false")}}}";

    private static Task<ScriptedServer> StartAsync(ScriptedEngineFactory script, params (string Key, string Value)[] settings) => ScriptedServer.StartAsync(
        script,
        settings.Append(("Llava:Engine:Slots", "1")).Append(("Llava:Streaming:CommitDelay", "10ms"))
            .ToDictionary(static setting => setting.Item1, static string? (setting) => setting.Item2));

    private static int Active(ScriptedServer server) => server.Services.GetRequiredService<TextGenerator>().ActiveCount;

    private static async Task SendAsync(ScriptedServer server, string body, CancellationToken leave)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseContentRead, leave);
    }

    private static async Task LeaveAsync(Task sending, CancellationTokenSource leave)
    {
        Assert.False(sending.IsCompleted);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    /// <summary>The next request is served with what the other left: the one slot, the model, all leases.</summary>
    private static async Task AssertFreeAsync(ScriptedServer server, RequestCounts counts, string? body = null)
    {
        using var answer = await OpenAIServer.PostAsync(server, body ?? Question(false));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        await server.AssertIdleAsync();
        var totals = server.Services.GetRequiredService<InferenceMetrics>().Totals;
        Assert.Equal((0, 0), (totals.Running, totals.Waiting));
        await UntilAsync(() => counts["cancelled"] == 1);
        Assert.Equal(0, counts["error"]);
    }

    /// <summary>The slot is free after the step that runs; the server sees that the client left some time before it. The whole would be over 50 steps.</summary>
    private static async Task StepUntilFreeAsync(ScriptedServer server, SemaphoreSlim gate)
    {
        while (Active(server) > 0)
        {
            await Task.Delay(100, Token);
            gate.Release();
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "It did not happen in 30 s.");
            await Task.Delay(2, Token);
        }
    }
}
