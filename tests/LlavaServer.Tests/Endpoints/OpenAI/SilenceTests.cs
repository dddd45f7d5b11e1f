using System.Text;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Streams that have nothing to say for long: when they begin, and how often they show that they are alive. The clock is the test's.</summary>
public sealed class SilenceTests
{
    private static readonly TimeSpan s_commit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_ping = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>OpenAI's .NET client gives up after 100 s without a byte, Node.js after 300 s.</summary>
    [Theory]
    [InlineData("queued", 4)]
    [InlineData("loading", 4)]
    [InlineData("encoding", 4)]
    [InlineData("prefill", 32)]
    public async Task S7_1_S15_12_NothingToSay_CommentEveryTenSecondsInEveryStage(string stage, int comments)
    {
        using var gate = new ManualResetEventSlim();
        var time = new ObservedTime();
        await using var server = await StartAsync(time, Blocked(stage, gate), stage == "queued" ? "1" : "4");
        var first = stage == "queued" ? OpenAIServer.PostAsync(server, OpenAIServer.Question()) : null;
        while (stage == "queued" && server.Script.Steps == 0)
        {
            await Task.Delay(2, Token);
        }

        using var lines = await CommitAsync(server, time, stage == "encoding" ? Picture : OpenAIServer.Question("\"stream\":true"));
        for (var i = 1; i <= comments; i++)
        {
            await time.WaitForTimerAsync(s_ping, i);
            time.Advance(s_ping);
            Assert.Equal(": keep-alive", await lines.ReadLineAsync(Token));
            Assert.Equal("", await lines.ReadLineAsync(Token));
        }

        gate.Set();
        var rest = await lines.ReadToEndAsync(Token);
        Assert.StartsWith("data: {\"id\":\"chatcmpl-", rest, StringComparison.Ordinal);
        Assert.Contains("\"delta\":{\"content\":\"", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("\"role\"", rest, StringComparison.Ordinal);
        Assert.EndsWith("\n\ndata: [DONE]\n\n", rest, StringComparison.Ordinal);
        if (first is not null)
        {
            (await first).Dispose();
        }
    }

    [Fact]
    public async Task S7_1_IntervalOfTheRequest_HoldsForItAlone()
    {
        using var gate = new ManualResetEventSlim();
        var time = new ObservedTime();
        await using var server = await StartAsync(time, Blocked("prefill", gate));
        using var often = await CommitAsync(server, time, OpenAIServer.Question("\"stream\":true,\"sse_ping_interval\":2"));
        for (var i = 1; i <= 3; i++)
        {
            await time.WaitForTimerAsync(TimeSpan.FromSeconds(2), i);
            time.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(": keep-alive", await often.ReadLineAsync(Token));
            Assert.Equal("", await often.ReadLineAsync(Token));
        }

        using var otherGate = new ManualResetEventSlim();
        var otherTime = new ObservedTime();
        await using var other = await StartAsync(otherTime, Blocked("prefill", otherGate));
        using var never = await CommitAsync(other, otherTime, OpenAIServer.Question("\"stream\":true,\"sse_ping_interval\":-1"));
        otherTime.Advance(TimeSpan.FromMinutes(5));
        otherGate.Set();
        var rest = await never.ReadToEndAsync(Token);
        Assert.DoesNotContain("keep-alive", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        gate.Set();
    }

    /// <summary>A model that writes white space says nothing, for it is trimmed; the stream begins with it all the same, and shows that it is alive.</summary>
    [Fact]
    public async Task S7_1_BlankBeginning_CommitsWithTheFirstTokenAndKeepsAlive()
    {
        using var gate = new SemaphoreSlim(0);
        var time = new ObservedTime();
        var script = new ScriptedEngineFactory { Answer = static _ => new string(' ', 40) + "red", OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60)) };
        await using var server = await StartAsync(time, script);
        var sending = SendAsync(server, OpenAIServer.Question("\"stream\":true"));
        await time.WaitForTimerAsync(s_commit, 1);
        gate.Release(3);
        using var lines = new StreamReader(await (await sending).Content.ReadAsStreamAsync(Token));
        Assert.Contains("\"role\":\"assistant\"", await lines.ReadLineAsync(Token), StringComparison.Ordinal);
        Assert.Equal("", await lines.ReadLineAsync(Token));

        // One more blank every six seconds: after two of them nothing was sent for ten.
        for (var i = 0; i < 4; i++)
        {
            time.Advance(TimeSpan.FromSeconds(6));
            var steps = server.Script.Steps;
            gate.Release();
            while (server.Script.Steps == steps)
            {
                await Task.Delay(2, Token);
            }
        }

        Assert.Equal(": keep-alive", await lines.ReadLineAsync(Token));
        gate.Release(1000);
        var rest = await lines.ReadToEndAsync(Token);
        Assert.Contains("\"delta\":{\"content\":\"r", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
    }

    /// <summary>How long a prompt is, is known when its model is there; then it is too late for a plain refusal.</summary>
    [Fact]
    public async Task S7_1_S2_4_PromptTooLongFoundAfterTheLoad_EventThenAPauseThenABrokenConnection()
    {
        using var gate = new ManualResetEventSlim();
        var time = new ObservedTime();
        await using var server = await StartAsync(time, Blocked("loading", gate));
        using var lines = await CommitAsync(server, time, OpenAIServer.Question("\"stream\":true", text: new string('a', 2000)));
        gate.Set();
        var error = await lines.ReadLineAsync(Token);
        Assert.Matches("^data: \\{\"error\":\\{.*\"code\":\"context_length_exceeded\",\"n_prompt_tokens\":[0-9]+,\"n_ctx\":512\\}\\}$", error!);
        Assert.Equal("", await lines.ReadLineAsync(Token));
        await AssertPauseThenBrokenAsync(time, lines);
        await server.AssertIdleAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]")]
    [InlineData("/v1/completions", "\"prompt\":\"x\"")]
    public async Task S2_4_EngineFailsInTheAnswer_EventThenAPauseThenABrokenConnection(string path, string fields)
    {
        var steps = 0;
        var time = new ObservedTime();
        await using var server = await StartAsync(time, new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                if (++steps >= 6)
                {
                    throw new InvalidOperationException("scripted fault");
                }
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent($$"""{"model":"eye","stream":true,{{fields}}}""", Encoding.UTF8, "application/json") };
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        string? line;
        do
        {
            line = await lines.ReadLineAsync(Token);
            Assert.DoesNotContain("[DONE]", line, StringComparison.Ordinal);
            Assert.DoesNotContain("\"finish_reason\":\"", line, StringComparison.Ordinal);
        }
        while (line?.StartsWith("data: {\"error\"", StringComparison.Ordinal) != true);
        Assert.Matches("^data: \\{\"error\":\\{\"message\":\"[^\"]+\",\"type\":\"server_error\",\"param\":null,\"code\":\"generation_failed\"\\}\\}$", line);
        Assert.Equal("", await lines.ReadLineAsync(Token));
        await AssertPauseThenBrokenAsync(time, lines);
        await server.AssertIdleAsync();
    }

    private static async Task AssertPauseThenBrokenAsync(ObservedTime time, StreamReader lines)
    {
        var more = lines.ReadLineAsync(Token).AsTask();
        await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(100), 1);
        Assert.False(more.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<Exception>(() => more);
    }

    private static string Picture => OpenAIServer.Parts($$$"""{"type":"image_url","image_url":{"url":"{{{TestPictures.DataUrl()}}}"}}""")[..^1] + ",\"stream\":true}";

    private static ScriptedEngineFactory Blocked(string stage, ManualResetEventSlim gate)
    {
        var script = new ScriptedEngineFactory();
        switch (stage)
        {
            case "loading":
                script.OnLoad = token => gate.Wait(TimeSpan.FromSeconds(60), token);
                break;
            case "encoding":
                script.Vision.OnEncode = token => gate.Wait(TimeSpan.FromSeconds(60), token);
                break;
            default:
                script.OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(60));
                break;
        }

        return script;
    }

    private static Task<ScriptedServer> StartAsync(ObservedTime time, ScriptedEngineFactory script, string slots = "4") => ScriptedServer.StartAsync(
        script,
        new Dictionary<string, string?> { ["Llava:Engine:Slots"] = slots, ["Llava:Engine:StepTimeout"] = "1h", ["Llava:Pool:LoadTimeout"] = "1h" },
        services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));

    /// <summary>The lines of a stream behind the chunk with the role, which came when the commit delay was over.</summary>
    private static async Task<StreamReader> CommitAsync(ScriptedServer server, ObservedTime time, string body)
    {
        var sending = SendAsync(server, body);
        await time.WaitForTimerAsync(s_commit, 1);
        Assert.False(sending.IsCompleted);
        time.Advance(s_commit);
        var lines = new StreamReader(await (await sending).Content.ReadAsStreamAsync(Token));
        Assert.Contains("\"role\":\"assistant\"", await lines.ReadLineAsync(Token), StringComparison.Ordinal);
        Assert.Equal("", await lines.ReadLineAsync(Token));
        return lines;
    }

    private static Task<HttpResponseMessage> SendAsync(ScriptedServer server, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }
}
