using System.Net;
using System.Text.RegularExpressions;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>The bytes of streams. What differs from run to run is replaced: ids, times, the build's fingerprint.</summary>
public sealed partial class ChatStreamTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Head =
        "data: {\"id\":\"chatcmpl-ID\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"eye\",\"system_fingerprint\":\"fp_0\"";

    private const string Timings = WireText.Timings;

    [Fact]
    public async Task Stream_WithUsage_IsByteExact()
    {
        server.Script.Answer = static _ => "\U0001F431";
        var (body, response) = await StreamAsync("\"stream\":true,\"stream_options\":{\"include_usage\":true}");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("no-cache", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Equal(["no"], response.Headers.GetValues("X-Accel-Buffering"));
        Assert.Equal(
            Head + ""","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}""" + "\n\n"
            // Four tokens, one character: never half of it.
            + Text("\\uD83D\\uDC31")
            + Head + ""","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}""" + "\n\n"
            + Head + ""","choices":[],"usage":{"prompt_tokens":N,"completion_tokens":N,"total_tokens":N,"prompt_tokens_details":{"cached_tokens":N,"audio_tokens":0,"image_tokens":0,"text_tokens":N},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"timings":"""
            + Timings + "}\n\n"
            + "data: [DONE]\n\n",
            WireText.Normalised(body));

        static string Text(string text) =>
            Head + $$""","choices":[{"index":0,"delta":{"content":"{{text}}"},"logprobs":null,"finish_reason":null}],"usage":null}""" + "\n\n";
    }

    [Fact]
    public async Task GGUF9_LogitsAreNoNumbers_EndsWithGenerationFailedAndOthersGoOn()
    {
        using var gate = new SemaphoreSlim(0);
        var script = new ScriptedEngineFactory
        {
            Tokens = static (_, prompt) => prompt.Contains("damaged", StringComparison.Ordinal)
                ? [ScriptedVocabulary.FirstByte + 'A', ScriptedVocabulary.Broken]
                : [.. Enumerable.Repeat(ScriptedVocabulary.FirstByte + 'B', 20)],
            OnDecode = _ => gate.Wait(TestContext.Current.CancellationToken),
        };
        await using var own = await ScriptedServer.StartAsync(script);
        var others = OpenAIServer.PostAsync(own, OpenAIServer.Question());
        var damaged = OpenAIServer.PostAsync(own, OpenAIServer.Question(text: "damaged"));
        gate.Release(1_000);
        using var response = await damaged;
        await ErrorAssert.IsAsync(response, HttpStatusCode.InternalServerError, "generation_failed", null);
        Assert.Contains(new string('B', 20), await (await others).Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(1, script.Loads);
    }

    [Fact]
    public async Task Stream_WithoutUsage_HasTimingsInFinishChunkAndNoUsage()
    {
        server.Script.Answer = static _ => "A";
        var (body, _) = await StreamAsync("\"stream\":true,\"service_tier\":\"auto\"");
        var head = Head + ",\"service_tier\":\"default\"";

        Assert.Equal(
            head + ""","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}""" + "\n\n"
            + head + ""","choices":[{"index":0,"delta":{"content":"A"},"logprobs":null,"finish_reason":null}]}""" + "\n\n"
            + head + ""","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"timings":""" + Timings + "}\n\n"
            + "data: [DONE]\n\n",
            WireText.Normalised(body));
    }

    [Fact]
    public async Task Stream_BlankFirstTokenAndALateSecond_StillAStream()
    {
        server.Script.Answer = static _ => " A";
        server.Script.OnDecode = static _ => Thread.Sleep(20);
        try
        {
            var (body, response) = await StreamAsync("\"stream\":true");
            Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Contains("\"delta\":{\"content\":\"A\"}", body, StringComparison.Ordinal);
            Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        }
        finally
        {
            server.Script.OnDecode = static _ => { };
        }
    }

    [Fact]
    public async Task Stream_NoText_StillHasRoleAndFinish()
    {
        server.Script.Answer = static _ => "";
        var (body, _) = await StreamAsync("\"stream\":true");

        Assert.Equal(3, body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("\"role\":\"assistant\"", body, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"stop\"", body, StringComparison.Ordinal);
        Assert.EndsWith("\n\ndata: [DONE]\n\n", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_LeadingSpace_IsTrimmedAsInWholeAnswer()
    {
        server.Script.Answer = static _ => "  \n two  words ";
        var (body, _) = await StreamAsync("\"stream\":true");
        using var whole = await server.PostAsync(OpenAIServer.Question());

        var text = string.Concat(Content().Matches(body).Select(static match => Regex.Unescape(match.Groups[1].Value)));
        Assert.Equal("two  words ", text);
        Assert.Contains("\"content\":\"two  words \"", await whole.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whole_Answer_IsByteExact()
    {
        server.Script.Answer = static _ => "A red \"cat\".";
        using var response = await server.PostAsync(OpenAIServer.Question("\"user\":\"x\",\"metadata\":{},\"madeUp\":1"));
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(
            """{"id":"chatcmpl-ID","object":"chat.completion","created":1,"model":"eye","choices":[{"index":0,"message":{"role":"assistant","content":"A red \"cat\".","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":N,"completion_tokens":N,"total_tokens":N,"prompt_tokens_details":{"cached_tokens":N,"audio_tokens":0,"image_tokens":0,"text_tokens":N},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"system_fingerprint":"fp_0","timings":"""
            + Timings + "}",
            WireText.Normalised(body));
        Assert.Equal(["user,metadata,madeUp"], response.Headers.GetValues("llava-ignored-params"));
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.True(response.Headers.Contains("openai-processing-ms"));
        Assert.NotNull(response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Stream_SilentEngine_CommitsAfterDelayAndKeepsAlive()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(20)) };
        await using var slow = await ScriptedServer.StartAsync(script, new Dictionary<string, string?> { ["Llava:Streaming:CommitDelay"] = "200ms" });
        using var response = await HeadersAsync(slow);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);

        Assert.Contains("\"role\":\"assistant\"", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal(": keep-alive", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal("", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        gate.Set();
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> HeadersAsync(ScriptedServer server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(OpenAIServer.Question("\"stream\":true,\"sse_ping_interval\":0.2")),
        };
        return await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    private async Task<(string Body, HttpResponseMessage Response)> StreamAsync(string fields)
    {
        var response = await server.PostAsync(OpenAIServer.Question(fields));
        return (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response);
    }

    [GeneratedRegex("\"delta\":\\{\"content\":\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Content();
}
