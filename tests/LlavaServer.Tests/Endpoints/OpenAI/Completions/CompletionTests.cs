using System.Net;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI.Completions;

/// <summary><c>POST /v1/completions</c>: forms of prompts, answers whole and streamed, and what is refused.</summary>
public sealed class CompletionTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Path = "/v1/completions";
    private const string Usage =
        """{"prompt_tokens":N,"completion_tokens":N,"total_tokens":N,"prompt_tokens_details":{"cached_tokens":N,"audio_tokens":0,"image_tokens":0,"text_tokens":N},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}""";

    private const string Head = """{"id":"cmpl-ID","object":"text_completion","created":1,"model":"eye","system_fingerprint":"fp_0","choices":[""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whole_Text_IsByteExactAndThePromptIsAsWritten()
    {
        server.Script.Answer = static _ => " there";
        var body = WireText.Normalised(await BodyAsync("\"prompt\":\"Hi \\n you\""));

        Assert.Equal(Head + """{"index":0,"text":" there","logprobs":null,"finish_reason":"stop"}],"usage":""" + Usage + ",\"timings\":" + WireText.Timings + "}", body);
        Assert.Equal("<s>Hi \n you", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Stream_WithUsage_IsByteExact()
    {
        server.Script.Answer = static _ => "ab";
        var body = WireText.Normalised(await BodyAsync("\"prompt\":\"Hi\",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));

        Assert.Equal(
            "data: " + Head + """{"index":0,"text":"a","logprobs":null,"finish_reason":null}],"usage":null}""" + "\n\n"
            + "data: " + Head + """{"index":0,"text":"b","logprobs":null,"finish_reason":null}],"usage":null}""" + "\n\n"
            + "data: " + Head + """{"index":0,"text":"","logprobs":null,"finish_reason":"stop"}],"usage":null}""" + "\n\n"
            + "data: " + Head + "],\"usage\":" + Usage + ",\"timings\":" + WireText.Timings + "}\n\n"
            + "data: [DONE]\n\n",
            body);
    }

    [Theory]
    [InlineData("\"a b\"", "<s>a b")]
    [InlineData("[\"a b\"]", "<s>a b")]
    [InlineData("[100,101]", "ab")]
    [InlineData("[[1,100]]", "<s>a")]
    [InlineData("\"\"", "<s>")]
    [InlineData("\"<s>a</s>\"", "<s>a</s>")]
    [InlineData("{\"prompt_string\":\"a\"}", "<s>a")]
    public async Task Whole_FormsOfPrompts_TheModelSeesThem(string prompt, string seen)
    {
        server.Script.Answer = static _ => "x";
        await BodyAsync($"\"prompt\":{prompt}");
        Assert.Equal(seen, server.Script.LastPrompt);
    }

    [Fact]
    public async Task Whole_PictureAtItsMarker_TheModelSeesItThere()
    {
        server.Script.Answer = static _ => "x";
        await BodyAsync($"\"prompt\":{{\"prompt_string\":\"a <__media__> b\",\"multimodal_data\":[\"{Convert.ToBase64String(TestPictures.Encode(5, 7))}\"]}}");
        Assert.Matches(@"^<s>a \[\d+x\d+\] b$", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Whole_SeveralPromptsAndChoices_ChoicesAreInOrderOfThePrompts()
    {
        server.Script.Answer = static prompt => prompt[^1..];
        var body = await AnswerAsync("\"prompt\":[\"a\",[101],\"c\"],\"n\":2");

        Assert.Equal(["a", "a", "b", "b", "c", "c"], Texts(body));
        Assert.Equal(Enumerable.Range(0, 6), body.GetProperty("choices").EnumerateArray().Select(c => c.GetProperty("index").GetInt32()));
        Assert.Equal((5, 12), (Count(body, "prompt_tokens"), Count(body, "completion_tokens")));
    }

    [Fact]
    public async Task Stream_SeveralPromptsAndChoices_EveryChoiceFinishesOnce()
    {
        server.Script.Answer = static prompt => prompt[^1..] + "!";
        var body = await BodyAsync("\"prompt\":[\"a\",\"b\"],\"n\":2,\"stream\":true,\"echo\":true");
        var chunks = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1].Select(line => JsonDocument.Parse(line[6..]).RootElement.GetProperty("choices")[0]).ToList();

        Assert.Equal(
            ["aa!", "aa!", "bb!", "bb!"],
            chunks.GroupBy(c => c.GetProperty("index").GetInt32()).OrderBy(g => g.Key).Select(g => string.Concat(g.Select(c => c.GetProperty("text").GetString()))));
        Assert.Equal(4, chunks.Count(c => c.GetProperty("finish_reason").ValueKind == JsonValueKind.String));
    }

    [Theory]
    [InlineData("\"ab\"", "abx")]
    [InlineData("[1,100,101]", "<s>abx")]
    public async Task Whole_Echo_TheAnswerBeginsWithThePrompt(string prompt, string text)
    {
        server.Script.Answer = static _ => "x";
        Assert.Equal([text], Texts(await AnswerAsync($"\"prompt\":{prompt},\"echo\":true")));
    }

    [Fact]
    public async Task Whole_SuffixForAModelThatFills_TheGapIsInTheMiddle()
    {
        server.Script.Answer = static _ => "x";
        using var response = await server.PostAsync("{\"model\":\"blind\",\"prompt\":\"a b\",\"suffix\":\"c\"}", Path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("<s>\u0001a b\u0002c\u0003", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Whole_NoLimit_IsOpenAIsSixteenTokens()
    {
        server.Script.Answer = static _ => new string('x', 40);
        var body = await AnswerAsync("\"prompt\":\"a\"");
        Assert.Equal((new string('x', 16), "length"), (Texts(body)[0], body.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.Equal(40, Texts(await AnswerAsync("\"prompt\":\"a\",\"max_tokens\":-1"))[0].Length);
        Assert.Equal(3, Texts(await AnswerAsync("\"prompt\":\"a\",\"max_tokens\":3"))[0].Length);
    }

    [Fact]
    public async Task Whole_LogProbabilities_FourArraysOfTheText()
    {
        server.Script.Answer = static _ => "a\U0001F431b END";
        var choice = (await AnswerAsync("\"prompt\":\"a\",\"logprobs\":1,\"stop\":[\"END\"]")).GetProperty("choices")[0];

        Assert.Equal(
            """{"tokens":["a","","","","\uD83D\uDC31","b"," "],"token_logprobs":[0,0,0,0,0,0,0],"top_logprobs":[{"a":0},{"bytes:\\xf0":0},{"bytes:\\x9f":0},{"bytes:\\x90":0},{"bytes:\\xb1":0},{"b":0},{" ":0}],"text_offset":[0,1,1,1,1,2,3]}""",
            choice.GetProperty("logprobs").GetRawText());
        Assert.Equal("a\U0001F431b ", choice.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Stream_LogProbabilities_OffsetsGoOnOverChunks()
    {
        server.Script.Answer = static _ => "abc";
        var body = await BodyAsync("\"prompt\":\"a\",\"logprobs\":0,\"stream\":true");
        var offsets = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^2]
            .Select(line => JsonDocument.Parse(line[6..]).RootElement.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("text_offset")[0].GetInt32());
        Assert.Equal([0, 1, 2], offsets);
    }

    [Fact]
    public async Task Whole_BestOf_OneIsGivenAndAllAreCounted()
    {
        server.Script.Answer = static _ => "x";
        var body = await AnswerAsync("\"prompt\":\"a\",\"best_of\":3,\"n\":1,\"max_tokens\":1");
        Assert.Equal(["x"], Texts(body));
        Assert.Equal(3, Count(body, "completion_tokens"));
        Assert.Equal(JsonValueKind.Null, body.GetProperty("choices")[0].GetProperty("logprobs").ValueKind);
    }

    [Theory]
    [InlineData("", "missing_required_parameter", "prompt")]
    [InlineData("\"prompt\":null", "missing_required_parameter", "prompt")]
    [InlineData("\"prompt\":5", "invalid_type", "prompt")]
    [InlineData("\"prompt\":[]", "invalid_value", "prompt")]
    [InlineData("\"prompt\":[[]]", "invalid_value", "prompt[0]")]
    [InlineData("\"prompt\":[1,\"a\"]", "invalid_type", "prompt[1]")]
    [InlineData("\"prompt\":[\"a\",1]", "invalid_type", "prompt[1]")]
    [InlineData("\"prompt\":[-1]", "invalid_value", "prompt[0]")]
    [InlineData("\"prompt\":[260]", "invalid_value", "prompt")]
    [InlineData("\"prompt\":[\"a\",[260]]", "invalid_value", "prompt[1]")]
    [InlineData("\"prompt\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]", "invalid_value", "prompt")]
    [InlineData("\"prompt\":{}", "missing_required_parameter", "prompt.prompt_string")]
    [InlineData("\"prompt\":{\"prompt_string\":\"<__media__>\"}", "invalid_value", "prompt.multimodal_data")]
    [InlineData("\"prompt\":{\"prompt_string\":\"<__media__>\",\"multimodal_data\":[\"!\"]}", "invalid_base64_image", "prompt.multimodal_data[0]")]
    [InlineData("\"prompt\":\"a\",\"suffix\":\"b\"", "unsupported_parameter", "suffix")]
    [InlineData("\"prompt\":[1],\"suffix\":\"b\"", "invalid_value", "suffix")]
    [InlineData("\"prompt\":\"a\",\"best_of\":1,\"n\":2", "invalid_value", "best_of")]
    [InlineData("\"prompt\":\"a\",\"best_of\":5", "invalid_value", "best_of")]
    [InlineData("\"prompt\":\"a\",\"best_of\":2,\"stream\":true", "invalid_value", "best_of")]
    [InlineData("\"prompt\":\"a\",\"logprobs\":6", "invalid_value", "logprobs")]
    [InlineData("\"prompt\":\"a\",\"logprobs\":true", "invalid_type", "logprobs")]
    [InlineData("\"prompt\":\"a\",\"logprobs\":1,\"echo\":true", "unsupported_parameter", "echo")]
    [InlineData("\"prompt\":\"a\",\"n\":5", "invalid_value", "n")]
    [InlineData("\"prompt\":\"a\",\"max_tokens\":0", "invalid_value", "max_tokens")]
    public async Task Post_Refused_NamesFieldAndCode(string fields, string code, string parameter)
    {
        using var response = await server.PostAsync("{\"model\":\"eye\"" + (fields.Length > 0 ? "," + fields : "") + "}", Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, parameter);
    }

    [Fact]
    public async Task Post_PromptLongerThanTheContext_IsRefusedWithCounts()
    {
        using var response = await server.PostAsync($"{{\"model\":\"eye\",\"prompt\":[{string.Join(',', Enumerable.Repeat(100, 600))}]}}", Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "context_length_exceeded", null);
    }

    private async Task<string> BodyAsync(string fields)
    {
        using var response = await server.PostAsync($"{{\"model\":\"eye\",{fields}}}", Path);
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return body;
    }

    private async Task<JsonElement> AnswerAsync(string fields)
    {
        using var document = JsonDocument.Parse(await BodyAsync(fields));
        return document.RootElement.Clone();
    }

    private static List<string> Texts(JsonElement body) => [.. body.GetProperty("choices").EnumerateArray().Select(c => c.GetProperty("text").GetString()!)];

    private static int Count(JsonElement body, string name) => body.GetProperty("usage").GetProperty(name).GetInt32();
}
