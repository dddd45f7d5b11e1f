using System.ClientModel;
using System.Net;
using System.Text;
using LlavaServer.Tests.Edge;
using LlavaServer.Tests.Scripted;
using OpenAI.Chat;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>The status table of the dialect, before and after the first byte.</summary>
public sealed class ChatErrorTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "invalid_json", null)]
    [InlineData("{", "invalid_json", null)]
    [InlineData("[]", "invalid_json", null)]
    [InlineData("null", "invalid_json", null)]
    [InlineData("{\"a\":1}x", "invalid_json", null)]
    [InlineData("{\"a\":1,}", "invalid_json", null)]
    [InlineData("{/*c*/}", "invalid_json", null)]
    [InlineData("{}", "missing_required_parameter", "messages")]
    [InlineData("{\"messages\":null}", "missing_required_parameter", "messages")]
    [InlineData("{\"messages\":\"hi\"}", "invalid_type", "messages")]
    [InlineData("{\"messages\":[]}", "invalid_value", "messages")]
    [InlineData("{\"messages\":[1]}", "invalid_type", "messages[0]")]
    [InlineData("{\"messages\":[null]}", "invalid_type", "messages[0]")]
    [InlineData("{\"messages\":[{}]}", "missing_required_parameter", "messages[0].role")]
    [InlineData("{\"messages\":[{\"role\":\"USER\",\"content\":\"x\"}]}", "invalid_value", "messages[0].role")]
    [InlineData("{\"messages\":[{\"role\":1,\"content\":\"x\"}]}", "invalid_type", "messages[0].role")]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}", "missing_required_parameter", "messages[0].content")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":3}]}", "invalid_type", "messages[0].content")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[]}]}", "invalid_value", "messages[0].content")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[\"x\"]}]}", "invalid_type", "messages[0].content[0]")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{}]}]}", "missing_required_parameter", "messages[0].content[0].type")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}", "missing_required_parameter", "messages[0].content[0].text")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]}", "invalid_value", "messages[0].content[0].type")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}", "missing_required_parameter", "messages[0].content[0].image_url")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}", "missing_required_parameter", "messages[0].content[0].image_url.url")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":5}}]}]}", "invalid_type", "messages[0].content[0].image_url.url")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":5}]}]}", "invalid_type", "messages[0].content[0].image_url")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\",\"detail\":\"max\"}}]}]}", "invalid_value", "messages[0].content[0].image_url.detail")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}]}]}", "unsupported_parameter", "messages[0].content[0].file.file_id")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"image_url\",\"image_url\":\"x\"}]}]}", "invalid_value", "messages[0].content[0].type")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\"}]}]}", "missing_required_parameter", "messages[0].tool_calls[0].function")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}]}", "missing_required_parameter", "messages[0].tool_calls[0].id")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"function\":{}}]}]}", "missing_required_parameter", "messages[0].tool_calls[0].function.name")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{}}}]}]}", "invalid_type", "messages[0].tool_calls[0].function.arguments")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"custom\",\"custom\":{}}]}]}", "unsupported_parameter", "messages[0].tool_calls[0].type")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"function_call\":{}}]}", "unsupported_parameter", "messages[0].function_call")]
    [InlineData("{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "missing_required_parameter", "messages[0].tool_call_id")]
    [InlineData("{\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"x\"}]}", "missing_required_parameter", "messages[0].content")]
    [InlineData("{\"messages\":[{\"role\":\"function\",\"content\":\"x\"}]}", "unsupported_parameter", "messages[0].role")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "missing_required_parameter", "model")]
    [InlineData("{\"model\":\"\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "missing_required_parameter", "model")]
    [InlineData("{\"model\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "invalid_type", "model")]
    public async Task Post_WrongBody_NamesCodeAndPath(string body, string code, string? parameter)
    {
        foreach (var stream in (bool[])[false, true])
        {
            using var response = await server.PostAsync(stream && body.StartsWith("{\"messages\"", StringComparison.Ordinal) ? "{\"stream\":true," + body[1..] : body);
            await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, parameter);
        }
    }

    [Fact]
    public async Task Post_GoodConversations_ReachTheEngineWhole()
    {
        using var response = await server.PostAsync(
            """{"model":"EYE:latest","messages":[{"role":"system","content":"One."},{"role":"developer","content":[{"type":"text","text":"Two."}]},{"role":"user","content":[{"text":"a"},{"type":"input_text","text":"b"}],"name":"n"},{"role":"assistant","content":[{"type":"refusal","refusal":"no"}],"tool_calls":[]},{"role":"assistant","content":null},{"role":"user","content":"c"}]}""");
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Contains("One.\nTwo. USER: a\nb ASSISTANT: no</s>", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.EndsWith("USER: c ASSISTANT:", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_ContinueFinalMessage_ContinuesAndOtherwiseTheTurnIsClosed()
    {
        const string Messages = """{"model":"eye","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"It is"}]""";
        using var continued = await server.PostAsync(Messages + ",\"continue_final_message\":true}");
        Assert.True(continued.IsSuccessStatusCode, await continued.Content.ReadAsStringAsync(Cancelled));
        Assert.EndsWith("ASSISTANT: It is", server.Script.LastPrompt, StringComparison.Ordinal);
        using var closed = await server.PostAsync(Messages + "}");
        Assert.True(closed.IsSuccessStatusCode, await closed.Content.ReadAsStringAsync(Cancelled));
        Assert.EndsWith("ASSISTANT:", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Contains("It is</s>", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_UnknownModel_Is404AndEchoIsCleaned()
    {
        using var response = await server.PostAsync(OpenAIServer.Question(model: "a\\u0007\\u001b[31m" + new string('x', 500)));
        var message = await ErrorAssert.IsAsync(response, HttpStatusCode.NotFound, "model_not_found", "model");
        Assert.Contains("blind, eye", message.Replace("eye, blind", "blind, eye", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', message);
        Assert.True(message.Length < 300, message);
    }

    [Fact]
    public async Task LIM1_MessagesAndParts_OneMoreIsRefused()
    {
        await using var small = await ScriptedServer.StartAsync(
            settings: new Dictionary<string, string?> { ["Llava:Limits:Messages"] = "3", ["Llava:Limits:Parts"] = "4" });
        static string Messages(int count) => $$"""{"model":"eye","messages":[{{string.Join(',', Enumerable.Repeat("{\"role\":\"user\",\"content\":\"x\"}", count))}}]}""";
        static string Parts(int count) => OpenAIServer.Parts(string.Join(',', Enumerable.Repeat("{\"type\":\"text\",\"text\":\"x\"}", count)));
        foreach (var (good, bad, setting) in new[] { (Messages(3), Messages(4), "Limits:Messages"), (Parts(4), Parts(5), "Limits:Parts") })
        {
            using var passes = await OpenAIServer.PostAsync(small, good);
            Assert.Equal(HttpStatusCode.OK, passes.StatusCode);
            using var refused = await OpenAIServer.PostAsync(small, bad);
            var body = await refused.Content.ReadAsStringAsync(Cancelled);
            Assert.True(refused.StatusCode == HttpStatusCode.BadRequest && body.Contains("invalid_value", StringComparison.Ordinal), body);
            Assert.Contains(setting, body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Post_PromptBeyondTheContext_SaysHowLong()
    {
        using var response = await server.PostAsync(OpenAIServer.Question(text: new string('a', 2000)));
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "context_length_exceeded", null);
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.Matches("\"n_prompt_tokens\":[0-9]+,\"n_ctx\":512", body);
    }

    [Fact]
    public async Task SCH5_QueueFull_429WithRetryAfterAtOnce()
    {
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(30)) };
        await using var busy = await ScriptedServer.StartAsync(
            script, new Dictionary<string, string?> { ["Llava:Engine:Slots"] = "1", ["Llava:Queue:MaxQueue"] = "1" });
        var waiting = new List<Task<HttpResponseMessage>>();
        HttpResponseMessage? refused = null;
        for (var i = 0; i < 10 && refused is null; i++)
        {
            var next = OpenAIServer.PostAsync(busy, OpenAIServer.Question("\"stream\":true"));
            if (await Task.WhenAny(next, Task.Delay(1500, Cancelled)) == next)
            {
                refused = await next;
            }
            else
            {
                waiting.Add(next);
            }
        }

        Assert.NotNull(refused);
        await ErrorAssert.IsAsync(refused, HttpStatusCode.TooManyRequests, "queue_full", null);
        Assert.InRange(int.Parse(Assert.Single(refused.Headers.GetValues("Retry-After"))), 1, 60);
        gate.Set();
        foreach (var response in await Task.WhenAll(waiting))
        {
            Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SCH10_EngineFailsMidStream_ErrorEventThenBrokenConnectionAndSlotFree()
    {
        var steps = 0;
        var script = new ScriptedEngineFactory { OnDecode = _ => Fail(ref steps, 6) };
        await using var failing = await ScriptedServer.StartAsync(script);
        var body = OpenAIServer.Question("\"stream\":true");
        var received = await RawHttp.ExchangeAsync(
            failing.Address, $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}", 10);

        Assert.Equal((int[])[200], RawHttp.Statuses(received));
        Assert.Matches("data: \\{\"error\":\\{\"message\":\"[^\"]+\",\"type\":\"server_error\",\"param\":null,\"code\":\"generation_failed\"\\}\\}\n\n", received);
        Assert.DoesNotContain("[DONE]", received, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n\r\n", received, StringComparison.Ordinal);
        await failing.AssertIdleAsync();
        steps = -1000;
        using var next = await OpenAIServer.PostAsync(failing, OpenAIServer.Question());
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task SCH10_EngineFailsMidStream_OfficialClientThrows()
    {
        var steps = 0;
        var script = new ScriptedEngineFactory { OnDecode = _ => Fail(ref steps, 6) };
        await using var failing = await ScriptedServer.StartAsync(script);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var update in OpenAIServer.ChatOf(failing).CompleteChatStreamingAsync([new UserChatMessage("Hello")], cancellationToken: Cancelled))
            {
                Assert.NotNull(update);
            }
        });
    }

    [Fact]
    public async Task Post_EngineFailsBeforeText_500InTheEnvelope()
    {
        var steps = 0;
        var script = new ScriptedEngineFactory { OnDecode = _ => Fail(ref steps, 1) };
        await using var failing = await ScriptedServer.StartAsync(script);
        using var response = await OpenAIServer.PostAsync(failing, OpenAIServer.Question("\"stream\":true"));
        await ErrorAssert.IsAsync(response, HttpStatusCode.InternalServerError, "generation_failed", null);
    }

    [Fact]
    public async Task SCH1_ClientLeaves_SlotIsFreeInASecond()
    {
        var script = new ScriptedEngineFactory { Answer = static _ => new string('a', 450), OnDecode = static _ => Thread.Sleep(20) };
        await using var slow = await ScriptedServer.StartAsync(script);
        foreach (var fields in (string[])["\"stream\":true", "\"stream\":false"])
        {
            using var leaving = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent(OpenAIServer.Question(fields), Encoding.UTF8, "application/json"),
            };
            var before = script.Steps;
            var pending = slow.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            while (script.Steps < before + 3)
            {
                await Task.Delay(10, Cancelled);
            }

            await leaving.CancelAsync();
            try
            {
                (await pending).Dispose();
            }
            catch (OperationCanceledException)
            {
                // Left before the headers came.
            }

            await slow.AssertIdleAsync();
            Assert.True(script.Steps < before + 200, $"{script.Steps - before} steps for a client that left.");
        }
    }

    private static void Fail(ref int steps, int at)
    {
        if (++steps >= at && steps > 0)
        {
            throw new InvalidOperationException("scripted fault at /secret/path");
        }
    }
}
