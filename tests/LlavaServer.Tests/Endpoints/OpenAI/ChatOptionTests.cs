using System.Net;
using System.Text;
using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Several answers, log probabilities and the other fields that change what an answer holds, on the wire.</summary>
public sealed class ChatOptionTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Head =
        "data: {\"id\":\"chatcmpl-ID\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"eye\",\"system_fingerprint\":\"fp_0\"";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_TwoChoices_EachIsByteExactAndUsageComesOnce()
    {
        server.Script.Answer = static _ => "AB";
        var events = await EventsAsync("\"stream\":true,\"n\":2,\"stream_options\":{\"include_usage\":true}");

        for (var index = 0; index < 2; index++)
        {
            Assert.Equal(
                [
                    Chunk(index, """{"role":"assistant","content":"","refusal":null}""", "null"),
                    Chunk(index, """{"content":"A"}""", "null"),
                    Chunk(index, """{"content":"B"}""", "null"),
                    Chunk(index, "{}", "\"stop\""),
                ],
                events.Where(line => line.Contains($"\"index\":{index},", StringComparison.Ordinal)));
        }

        Assert.Equal(
            [
                Head + ""","choices":[],"usage":{"prompt_tokens":N,"completion_tokens":N,"total_tokens":N,"prompt_tokens_details":{"cached_tokens":N,"audio_tokens":0,"image_tokens":0,"text_tokens":N},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"timings":"""
                    + WireText.Timings + "}",
                "data: [DONE]",
            ],
            events[8..]);

        static string Chunk(int index, string delta, string reason) =>
            Head + $",\"choices\":[{{\"index\":{index},\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{reason}}}],\"usage\":null}}";
    }

    [Fact]
    public async Task Whole_ThreeChoices_PromptIsCountedOnceAndTokensAreSummed()
    {
        server.Script.Answer = static _ => "ABC";
        var one = await AnswerAsync("\"n\":1,\"cache_prompt\":false");
        var three = await AnswerAsync("\"n\":3");

        Assert.Equal([0, 1, 2], three.GetProperty("choices").EnumerateArray().Select(c => c.GetProperty("index").GetInt32()));
        Assert.All(three.GetProperty("choices").EnumerateArray(), c => Assert.Equal("ABC", c.GetProperty("message").GetProperty("content").GetString()));
        Assert.Equal(Usage(one, "prompt_tokens"), Usage(three, "prompt_tokens"));
        Assert.Equal(4, Usage(one, "completion_tokens"));
        Assert.Equal(12, Usage(three, "completion_tokens"));
        Assert.Equal(Usage(three, "prompt_tokens") + 12, Usage(three, "total_tokens"));
    }

    [Fact]
    public async Task Whole_ChoicesOfANewPrompt_AreComputedOnce()
    {
        var rows = 0;
        server.Script.OnDecode = batch => rows += batch.Rows.Length;
        try
        {
            server.Script.Answer = static _ => "A";
            var text = new string('q', 200);
            using var response = await server.PostAsync(OpenAIServer.Question("\"n\":4", text: text));
            using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token));

            var prompt = Usage(body.RootElement, "prompt_tokens");
            Assert.InRange(rows, prompt, prompt + 80);
        }
        finally
        {
            server.Script.OnDecode = static _ => { };
        }
    }

    [Fact]
    public async Task Whole_NoPlacesForAllChoices_NoneRuns()
    {
        await using var small = await ScriptedServer.StartAsync(
            settings: new Dictionary<string, string?> { ["Llava:Engine:Slots"] = "1", ["Llava:Queue:MaxQueue"] = "2" });
        using var gate = new ManualResetEventSlim();
        small.Script.OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(20));
        using var never = await OpenAIServer.PostAsync(small, OpenAIServer.Question("\"n\":4"));
        await ErrorAssert.IsAsync(never, HttpStatusCode.BadRequest, "unsupported_parameter", "n");
        var first = OpenAIServer.PostAsync(small, OpenAIServer.Question("\"n\":2"));
        while (small.Services.GetRequiredService<TextGenerator>().ActiveCount == 0)
        {
            await Task.Delay(5, Token);
        }

        using var refused = await OpenAIServer.PostAsync(small, OpenAIServer.Question("\"n\":2"));
        await ErrorAssert.IsAsync(refused, HttpStatusCode.TooManyRequests, "queue_full", null);
        gate.Set();
        using var answered = await first;
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        await small.AssertIdleAsync();
    }

    [Fact]
    public async Task Stream_LogProbabilities_AreByteExactForTheTextOfTheirChunk()
    {
        server.Script.Answer = static _ => " \u00E9!";
        var events = await EventsAsync("\"stream\":true,\"logprobs\":true,\"top_logprobs\":2");

        Assert.Equal(
            [
                Head + ""","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}""",
                Head + ""","choices":[{"index":0,"delta":{"content":"é"},"logprobs":{"content":[{"token":"","bytes":[195],"logprob":0,"top_logprobs":["""
                    + """{"token":"�","bytes":[195],"logprob":0},{"token":"<unk>","bytes":[60,117,110,107,62],"logprob":-100}]},"""
                    + """{"token":"é","bytes":[169],"logprob":0,"top_logprobs":[{"token":"�","bytes":[169],"logprob":0},{"token":"<unk>","bytes":[60,117,110,107,62],"logprob":-100}]}"""
                    + """],"refusal":null},"finish_reason":null}]}""",
                Head + ""","choices":[{"index":0,"delta":{"content":"!"},"logprobs":{"content":[{"token":"!","bytes":[33],"logprob":0,"top_logprobs":["""
                    + """{"token":"!","bytes":[33],"logprob":0},{"token":"<unk>","bytes":[60,117,110,107,62],"logprob":-100}]}],"refusal":null},"finish_reason":null}]}""",
                Head + ""","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"timings":""" + WireText.Timings + "}",
                "data: [DONE]",
            ],
            events);
    }

    [Theory]
    [InlineData("  two words", "\"logprobs\":true", "two words", 0)]
    [InlineData("one END two", "\"n_probs\":3,\"stop\":\"END\"", "one ", 3)]
    [InlineData("\u3000caf\u00E9 \U0001F431", "\"logprobs\":true,\"top_logprobs\":20", "caf\u00E9 \U0001F431", 20)]
    [InlineData("   ", "\"logprobs\":true", "", 0)]
    public async Task Whole_LogProbabilities_TokensAreTheContent(string script, string fields, string content, int top)
    {
        server.Script.Answer = _ => script;
        var choice = (await AnswerAsync(fields)).GetProperty("choices")[0];
        var tokens = choice.GetProperty("logprobs").GetProperty("content").EnumerateArray().ToList();

        Assert.Equal(content, choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(content, string.Concat(tokens.Select(t => t.GetProperty("token").GetString())));
        Assert.Equal(Encoding.UTF8.GetBytes(content), tokens.SelectMany(t => t.GetProperty("bytes").EnumerateArray().Select(b => b.GetByte())));
        Assert.All(tokens, t => Assert.Equal(top, t.GetProperty("top_logprobs").GetArrayLength()));
        Assert.All(tokens, t => Assert.Equal(
            t.GetProperty("top_logprobs").EnumerateArray().Select(a => a.GetProperty("logprob").GetDouble()).OrderDescending(),
            t.GetProperty("top_logprobs").EnumerateArray().Select(a => a.GetProperty("logprob").GetDouble())));
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").GetProperty("refusal").ValueKind);
    }

    [Fact]
    public async Task Whole_BannedText_IsNotSaidAndProbabilitiesAreTheModels()
    {
        server.Script.Answer = static _ => "A";
        var banned = await AnswerAsync("\"temperature\":0,\"max_tokens\":1,\"logit_bias\":[[\"A\",false],[\"B\",7]],\"logprobs\":true,\"top_logprobs\":1");

        var choice = banned.GetProperty("choices")[0];
        Assert.Equal("B", choice.GetProperty("message").GetProperty("content").GetString());
        var token = choice.GetProperty("logprobs").GetProperty("content")[0];
        Assert.Equal(-100, token.GetProperty("logprob").GetDouble(), 0.001);
        Assert.Equal("A", token.GetProperty("top_logprobs")[0].GetProperty("token").GetString());
    }

    [Fact]
    public async Task Whole_IgnoreEndAndMinTokens_TheAnswerIsLonger()
    {
        server.Script.Answer = static _ => "A";
        var ignored = await AnswerAsync("\"ignore_eos\":true,\"max_tokens\":7");
        Assert.Equal(7, Usage(ignored, "completion_tokens"));
        Assert.Equal("length", ignored.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.True(Usage(await AnswerAsync("\"min_tokens\":5,\"max_tokens\":9"), "completion_tokens") > 5);
    }

    [Fact]
    public async Task Whole_CachePromptFalse_NothingIsTakenOver()
    {
        server.Script.Answer = static _ => "A";
        await AnswerAsync("");
        Assert.True(Usage(await AnswerAsync(""), "prompt_tokens") > 16);
        Assert.Equal(0, (await AnswerAsync("\"cache_prompt\":false")).GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
        Assert.NotEqual(0, (await AnswerAsync("")).GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32());
    }

    [Fact]
    public async Task Stream_TimingsPerToken_EveryChunkWithTextCounts()
    {
        server.Script.Answer = static _ => "ABC";
        using var response = await server.PostAsync(OpenAIServer.Question("\"stream\":true,\"timings_per_token\":true,\"stream_options\":{\"include_usage\":true}"));
        var chunks = (await response.Content.ReadAsStringAsync(Token)).Split("\n\n")
            .Where(line => line.Contains("\"predicted_n\"", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line[6..]).RootElement).ToList();

        Assert.Equal([1, 2, 3, 4, 4], chunks.Select(c => c.GetProperty("timings").GetProperty("predicted_n").GetInt32()));
    }

    [Fact]
    public async Task Whole_PredictTime_EndsAsLength()
    {
        server.Script.Answer = static _ => new string('x', 400);
        server.Script.OnDecode = static _ => Thread.Sleep(5);
        try
        {
            var body = await AnswerAsync("\"t_max_predict_ms\":50");
            Assert.Equal("length", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
            Assert.InRange(Usage(body, "completion_tokens"), 1, 300);
        }
        finally
        {
            server.Script.OnDecode = static _ => { };
        }
    }

    [Fact]
    public async Task Post_SlotNumber_IsAcceptedAndNamedAsWithoutEffect()
    {
        using var response = await server.PostAsync(OpenAIServer.Question("\"id_slot\":2,\"verbose\":true,\"return_tokens\":true,\"post_sampling_probs\":true,\"lora\":[]"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["verbose,return_tokens,post_sampling_probs,lora,id_slot"], response.Headers.GetValues("llava-ignored-params"));
    }

    private async Task<string[]> EventsAsync(string fields)
    {
        using var response = await server.PostAsync(OpenAIServer.Question(fields));
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.EndsWith("\n\n", body, StringComparison.Ordinal);
        return WireText.Normalised(System.Text.RegularExpressions.Regex.Unescape(body.Replace("\\\"", "\\\\\"", StringComparison.Ordinal)))
            .Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<JsonElement> AnswerAsync(string fields)
    {
        using var response = await server.PostAsync(OpenAIServer.Question(fields));
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        using var document = JsonDocument.Parse(body);
        return document.RootElement.Clone();
    }

    private static int Usage(JsonElement body, string name) => body.GetProperty("usage").GetProperty(name).GetInt32();
}
