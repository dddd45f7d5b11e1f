using System.Text;
using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>What a caller is told before there is text: progress chunks, queue position, comment lines.</summary>
public sealed class ChatProgressTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("\"return_progress\":true")]
    [InlineData("\"stream_options\":{\"include_progress\":true}")]
    public async Task W70_ModelLoads_LoadingThenPrefillThenDecode(string field)
    {
        using var gate = new ManualResetEventSlim();
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { OnLoad = _ => gate.Wait(Token) });
        using var response = await SendAsync(server, "\"stream\":true," + field);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var all = new List<string>();
        while (!all.Exists(static line => line.Contains("\"phase\":\"loading\"", StringComparison.Ordinal)))
        {
            all.Add((await lines.ReadLineAsync(Token))!);
        }

        Assert.Contains("\"role\":\"assistant\"", all[0], StringComparison.Ordinal);
        gate.Set();
        while (await lines.ReadLineAsync(Token) is { } line)
        {
            all.Add(line);
        }

        var chunks = all.Where(static line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(static line => JsonDocument.Parse(line[6..]).RootElement).ToList();
        var progress = chunks.Where(static chunk => chunk.TryGetProperty("progress", out _)).ToList();
        Assert.All(progress, static chunk => Assert.Equal("{}", chunk.GetProperty("choices")[0].GetProperty("delta").GetRawText()));
        var phases = progress.Select(static chunk => chunk.GetProperty("progress").GetProperty("phase").GetString()).ToList();
        Assert.Equal(["loading", "prefill", "decode"], phases.Distinct());
        Assert.Equal(phases.OrderBy(static phase => phase is "loading" ? 0 : phase is "prefill" ? 1 : 2), phases);
        Assert.True(progress[0].GetProperty("progress").GetProperty("total").GetInt64() > 0);
        var prompt = progress.Last(static chunk => chunk.TryGetProperty("prompt_progress", out _)).GetProperty("prompt_progress");
        Assert.Equal(prompt.GetProperty("total").GetInt32(), prompt.GetProperty("processed").GetInt32());
        Assert.Equal("data: [DONE]", all[^2]);
    }

    [Fact]
    public async Task W70_SlotIsTaken_QueuedWithPositionAndHeader()
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
        var running = SendAsync(server, "\"stream\":true");
        await inside.WaitAsync(Token);
        using var second = await SendAsync(server, "\"stream\":true,\"return_progress\":true");
        using var third = await SendAsync(server, "\"stream\":true,\"return_progress\":true");
        Assert.Equal(["1"], second.Headers.GetValues("llava-queue-position"));
        Assert.Equal(["2"], third.Headers.GetValues("llava-queue-position"));
        using var lines = new StreamReader(await third.Content.ReadAsStreamAsync(Token));
        string line;
        do
        {
            line = (await lines.ReadLineAsync(Token))!;
        }
        while (!line.Contains("\"phase\"", StringComparison.Ordinal));
        var queued = JsonDocument.Parse(line[6..]).RootElement.GetProperty("progress");
        Assert.Equal(("queued", 2, 2), (queued.GetProperty("phase").GetString(), queued.GetProperty("position").GetInt32(), queued.GetProperty("length").GetInt32()));
        Assert.Equal(JsonValueKind.Null, queued.GetProperty("estimate_ms").ValueKind);
        gate.Release(10_000);
        var rest = await lines.ReadToEndAsync(Token);
        Assert.Contains("\"phase\":\"decode\"", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        using var first = await running;
        Assert.False(first.Headers.Contains("llava-queue-position"));
        Assert.DoesNotContain("progress", await first.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ModelLoadsForLong_CommentsFromTheReservationOnAndAFailureIsAnEvent()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory
        {
            OnLoad = _ =>
            {
                gate.Wait(Token);
                throw new InferenceException(InferenceError.ModelLoadFailed, "tensor 'x' is missing");
            },
        };
        await using var server = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Streaming:CommitDelay"] = "50ms" });
        using var response = await SendAsync(server, "\"stream\":true,\"sse_ping_interval\":0.1");
        await using var stream = await response.Content.ReadAsStreamAsync(Token);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, Token) is > 0 and var count)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, count));
                if (text.ToString().Contains(": keep-alive", StringComparison.Ordinal))
                {
                    gate.Set();
                }
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // A failed stream ends with a broken connection.
        }

        Assert.Contains("tensor 'x' is missing", text.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text.ToString(), StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SendAsync(ScriptedServer server, string fields)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(OpenAIServer.Question(fields), Encoding.UTF8, "application/json"),
        };
        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }
}
