using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Tests.Edge;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.OpenAI.Responses;

/// <summary>The bytes of responses, whole and streamed: every member of the object, every event in its order.</summary>
public sealed partial class ResponseWireTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Weather = """{"type":"function","name":"weather","description":"Weather","parameters":{"type":"object","properties":{"city":{"type":"string","maxLength":9}},"required":["city"],"additionalProperties":false},"strict":true}""";
    private const string Time = """{"type":"function","name":"time"}""";
    private const string Oslo = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";
    private const string Noon = "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";
    private const string Usage = """{"input_tokens":0,"input_tokens_details":{"cached_tokens":0},"output_tokens":0,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":0}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/responses")]
    [InlineData("/responses")]
    public async Task Whole_Answer_IsByteExact(string path)
    {
        server.Script.Answer = static _ => " A \"cat\".";
        using var response = await server.PostAsync(ResponseText.Question(), path);
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal(Object("completed", Message("completed", "A \\\"cat\\\"."), completed: "1", usage: Usage), ResponseText.Normalised(body));
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.True(response.Headers.Contains("openai-processing-ms"));
        Assert.False(response.Headers.Contains("llava-ignored-params"));
        using var document = JsonDocument.Parse(body);
        var usage = document.RootElement.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task Whole_AnswerWithFields_RepeatsThem()
    {
        await using var wide = await WideAsync("1");
        var body = await ResponseText.AskAsync(
            wide,
            "\"instructions\":\"Be short.\",\"max_output_tokens\":40,\"temperature\":0.5,\"top_p\":0.25,\"metadata\":{\"a\":\"b\"},\"parallel_tool_calls\":false,"
            + "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"type\":\"integer\",\"maximum\":2}}},\"tools\":[" + Weather + "," + Time + "],\"tool_choice\":\"auto\",\"top_logprobs\":0");
        var root = JsonElement.Parse(body);
        Assert.Equal(
            ["Be short.", "40", "0.5", "0.25", "{\"a\":\"b\"}", "False", "auto", "0"],
            new[] { "instructions", "max_output_tokens", "temperature", "top_p", "metadata", "parallel_tool_calls", "tool_choice", "top_logprobs" }.Select(name => root.GetProperty(name).ToString()));
        Assert.Equal("""{"format":{"type":"json_schema","name":"n","schema":{"type":"integer","maximum":2}}}""", root.GetProperty("text").GetRawText());
        Assert.Equal($$"""[{{Weather}},{"type":"function","name":"time","description":null,"parameters":null,"strict":null}]""", root.GetProperty("tools").GetRawText());
        Assert.StartsWith("<s>Be short.", wide.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whole_AllowedTools_RepeatsAllToolsAndTheChoice()
    {
        await using var wide = await WideAsync("Hm");
        const string Choice = """{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"time"}]}""";
        var root = JsonElement.Parse(await ResponseText.AskAsync(wide, $"\"tools\":[{Weather},{Time}],\"tool_choice\":{Choice}"));
        Assert.Equal(["weather", "time"], root.GetProperty("tools").EnumerateArray().Select(static tool => tool.GetProperty("name").GetString()));
        Assert.Equal(Choice, root.GetProperty("tool_choice").GetRawText());
        Assert.DoesNotContain("weather", wide.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whole_CutAnswer_IsIncomplete()
    {
        server.Script.Answer = static _ => "A long answer";
        var body = ResponseText.Normalised(await ResponseText.AskAsync(server.Server, "\"max_output_tokens\":3"));
        Assert.Equal(
            Object("incomplete", Message("incomplete", "A l"), details: "{\"reason\":\"max_output_tokens\"}", usage: Usage, most: "3"), body);
    }

    [Fact]
    public async Task Whole_Calls_AreItemsWithoutAMessage()
    {
        await using var wide = await WideAsync(Oslo + Noon);
        var root = JsonElement.Parse(ResponseText.Normalised(await ResponseText.AskAsync(wide, $"\"tools\":[{Weather},{Time}]")));
        Assert.Equal($"[{Call("completed", "weather", "{\\\"city\\\": \\\"Oslo\\\"}")},{Call("completed", "time", "{}")}]", root.GetProperty("output").GetRawText());
        Assert.Equal("completed", root.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Whole_TextAndCutCall_LastItemAloneIsIncomplete()
    {
        await using var wide = await WideAsync("Hm " + Oslo);
        var root = JsonElement.Parse(ResponseText.Normalised(await ResponseText.AskAsync(wide, $"\"tools\":[{Weather}],\"max_output_tokens\":53")));
        Assert.Equal($"[{Message("completed", "Hm")},{Call("incomplete", "weather", "{\\\"cit")}]", root.GetProperty("output").GetRawText());
        Assert.Equal("incomplete", root.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Whole_LogProbabilities_ConcatenateToTheText()
    {
        server.Script.Answer = static _ => " Hi";
        var root = JsonElement.Parse(await ResponseText.AskAsync(server.Server, "\"include\":[\"message.output_text.logprobs\"],\"top_logprobs\":2"));
        var tokens = root.GetProperty("output")[0].GetProperty("content")[0].GetProperty("logprobs").EnumerateArray().ToList();
        Assert.Equal("Hi", string.Concat(tokens.Select(static token => token.GetProperty("token").GetString())));
        Assert.All(tokens, static token => Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.Equal(2, root.GetProperty("top_logprobs").GetInt32());
    }

    [Fact]
    public async Task Stream_Text_IsByteExact()
    {
        server.Script.Answer = static _ => "\U0001F431";
        using var response = await server.PostAsync(ResponseText.Question("\"stream\":true"), ResponseText.Path);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        var events = ResponseText.Events(await response.Content.ReadAsStringAsync(Cancelled));
        const string Part = "\"item_id\":\"msg_ID\",\"output_index\":0,\"content_index\":0";
        var text = "\\uD83D\\uDC31";
        Assert.Equal(
            [
                """{"type":"response.created","sequence_number":0,"response":""" + Object("in_progress", "") + "}",
                """{"type":"response.in_progress","sequence_number":1,"response":""" + Object("in_progress", "") + "}",
                """{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_ID","type":"message","status":"in_progress","role":"assistant","content":[]}}""",
                $$$"""{"type":"response.content_part.added","sequence_number":3,{{{Part}}},"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}""",
                $$"""{"type":"response.output_text.delta","sequence_number":4,{{Part}},"delta":"{{text}}","logprobs":[]}""",
                $$"""{"type":"response.output_text.done","sequence_number":5,{{Part}},"text":"{{text}}","logprobs":[]}""",
                $$$"""{"type":"response.content_part.done","sequence_number":6,{{{Part}}},"part":{"type":"output_text","text":"{{{text}}}","annotations":[],"logprobs":[]}}""",
                """{"type":"response.output_item.done","sequence_number":7,"output_index":0,"item":""" + Message("completed", text) + "}",
                """{"type":"response.completed","sequence_number":8,"response":""" + Object("completed", Message("completed", text), completed: "1", usage: Usage) + "}",
            ],
            events.Select(static e => e.Json));
    }

    [Fact]
    public async Task Stream_TextAndCalls_OneItemAfterTheOther()
    {
        await using var wide = await WideAsync("Hm " + Noon + Oslo);
        var events = ResponseText.Events(await ResponseText.AskAsync(wide, $"\"stream\":true,\"tools\":[{Weather},{Time}]"));
        Assert.Equal(
            [
                "response.created", "response.in_progress",
                "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
                "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
                "response.completed",
            ],
            Collapsed(events.Select(static e => e.Type)));
        var added = events.Where(static e => e.Type == "response.output_item.added").Select(static e => JsonElement.Parse(e.Json)).ToList();
        Assert.Equal([0, 1, 2], added.Select(static e => e.GetProperty("output_index").GetInt32()));
        Assert.Equal("""{"id":"fc_ID","type":"function_call","status":"in_progress","call_id":"call_ID","name":"time","arguments":""}""", added[1].GetProperty("item").GetRawText());
        var done = events.Where(static e => e.Type == "response.function_call_arguments.done").Select(static e => JsonElement.Parse(e.Json)).ToList();
        Assert.Equal(["time {}", "weather {\"city\": \"Oslo\"}"], done.Select(static e => $"{e.GetProperty("name")} {e.GetProperty("arguments")}"));
        var pieces = events.Where(static e => e.Type == "response.function_call_arguments.delta").Select(static e => JsonElement.Parse(e.Json)).ToLookup(static e => e.GetProperty("output_index").GetInt32());
        Assert.Equal(["{}", "{\"city\": \"Oslo\"}"], pieces.OrderBy(static piece => piece.Key).Select(static piece => string.Concat(piece.Select(static e => e.GetProperty("delta").GetString()))));
        Assert.Equal(
            $"[{Message("completed", "Hm")},{Call("completed", "time", "{}")},{Call("completed", "weather", "{\\\"city\\\": \\\"Oslo\\\"}")}]",
            JsonElement.Parse(events[^1].Json).GetProperty("response").GetProperty("output").GetRawText());
    }

    /// <summary>Ids are constant: every event of an item, and the whole answer at the end, has the one it began with.</summary>
    [Fact]
    public async Task Stream_TextAndCall_IdsAreConstant()
    {
        await using var wide = await WideAsync("Hm " + Noon);
        var body = await ResponseText.AskAsync(wide, $"\"stream\":true,\"tools\":[{Time}]");
        var events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static text => JsonElement.Parse(text[(text.IndexOf('\n') + 7)..])).ToList();
        Assert.Single(events.Where(static e => e.TryGetProperty("response", out _)).Select(static e => e.GetProperty("response").GetProperty("id").GetString()).Distinct());
        var last = events[^1].GetProperty("response").GetProperty("output").EnumerateArray().Select(static item => item.GetProperty("id").GetString()).ToList();
        foreach (var e in events.Where(static e => e.TryGetProperty("output_index", out _)))
        {
            var id = e.TryGetProperty("item_id", out var itemId) ? itemId : e.GetProperty("item").GetProperty("id");
            Assert.Equal(last[e.GetProperty("output_index").GetInt32()], id.GetString());
        }
    }

    [Fact]
    public async Task Stream_NoText_IsAnEmptyMessage()
    {
        server.Script.Answer = static _ => "";
        var events = ResponseText.Events(await ResponseText.AskAsync(server.Server, "\"stream\":true"));
        Assert.Equal(
            [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
            ],
            events.Select(static e => e.Type));
        var whole = ResponseText.Normalised(await ResponseText.AskAsync(server.Server));
        Assert.Equal(JsonElement.Parse(whole).GetProperty("output").GetRawText(), JsonElement.Parse(events[^1].Json).GetProperty("response").GetProperty("output").GetRawText());
    }

    [Fact]
    public async Task Stream_CutAnswer_EndsWithIncomplete()
    {
        server.Script.Answer = static _ => "A long answer";
        var events = ResponseText.Events(await ResponseText.AskAsync(server.Server, "\"stream\":true,\"max_output_tokens\":3"));
        Assert.Equal(
            $$"""{"type":"response.incomplete","sequence_number":{{events.Count - 1}},"response":""" + Object("incomplete", Message("incomplete", "A l"), details: "{\"reason\":\"max_output_tokens\"}", usage: Usage, most: "3") + "}",
            events[^1].Json);
        Assert.Contains("\"item\":" + Message("incomplete", "A l"), events[^2].Json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_LogProbabilities_OfEachPieceAndAll()
    {
        server.Script.Answer = static _ => "Hi";
        var events = ResponseText.Events(await ResponseText.AskAsync(server.Server, "\"stream\":true,\"include\":[\"message.output_text.logprobs\"]"));
        static string Tokens(JsonElement e) => string.Concat(e.GetProperty("logprobs").EnumerateArray().Select(static token => token.GetProperty("token").GetString()));
        foreach (var (_, json) in events.Where(static e => e.Type == "response.output_text.delta"))
        {
            Assert.Equal(JsonElement.Parse(json).GetProperty("delta").GetString(), Tokens(JsonElement.Parse(json)));
        }

        Assert.Equal("Hi", Tokens(JsonElement.Parse(events.Single(static e => e.Type == "response.output_text.done").Json)));
    }

    [Fact]
    public async Task Stream_Progress_IsInProgressAgain()
    {
        var isFirst = true;
        var script = new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                Thread.Sleep(isFirst ? 600 : 0);
                isFirst = false;
            },
        };
        await using var slow = await ScriptedServer.StartAsync(script);
        var events = ResponseText.Events(await ResponseText.AskAsync(slow, "\"stream\":true,\"stream_options\":{\"include_progress\":true}"));
        var told = events.Where(static e => e.Type == "response.in_progress").Skip(1).Select(static e => JsonElement.Parse(e.Json)).ToList();
        Assert.NotEmpty(told);
        Assert.All(told, static e => Assert.Equal("in_progress", e.GetProperty("response").GetProperty("status").GetString()));
        Assert.Contains(told, static e => e.TryGetProperty("prompt_progress", out var progress) && progress.GetProperty("processed").GetInt32() == progress.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task SCH10_EngineFailsMidStream_FailedThenErrorThenBrokenConnection()
    {
        var steps = 0;
        var script = new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                if (++steps >= 6)
                {
                    throw new InvalidOperationException("scripted");
                }
            },
        };
        await using var failing = await ScriptedServer.StartAsync(script);
        var body = ResponseText.Question("\"stream\":true");
        var received = await RawHttp.ExchangeAsync(
            failing.Address, $"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}", 10);
        Assert.Equal((int[])[200], RawHttp.Statuses(received));
        Assert.DoesNotContain("\r\n0\r\n\r\n", received, StringComparison.Ordinal);
        received = Boundary().Replace(received, "");
        Assert.Matches("event: response.failed\ndata: \\{\"type\":\"response.failed\",\"sequence_number\":[0-9]+,\"response\":\\{\"id\":\"resp_[^\n]*\"status\":\"failed\"[^\n]*\"error\":\\{\"code\":\"server_error\",\"message\":\"[^\"]+\"\\}[^\n]*\"usage\":null", received);
        Assert.Matches(
            "event: error\ndata: \\{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"[^\"]+\",\"param\":null,\"sequence_number\":[0-9]+,\"error\":\\{\"type\":\"server_error\",\"code\":\"server_error\",\"message\":\"[^\"]+\",\"param\":null\\}\\}\n\n", received);
        Assert.DoesNotContain("scripted", received, StringComparison.Ordinal);
        Assert.DoesNotContain("response.completed", received, StringComparison.Ordinal);
        await failing.AssertIdleAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"stream\":true")]
    public async Task Post_EngineFailsBeforeText_500InTheEnvelope(string stream)
    {
        await using var failing = await ScriptedServer.StartAsync(new ScriptedEngineFactory { OnDecode = static _ => throw new InvalidOperationException("scripted") });
        using var response = await OpenAIServer.PostAsync(failing, ResponseText.Question(stream), ResponseText.Path);
        await ErrorAssert.IsAsync(response, HttpStatusCode.InternalServerError, "generation_failed", null);
    }

    private static Task<ScriptedServer> WideAsync(string answer) => ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 4096, Answer = _ => answer });

    private static IEnumerable<string> Collapsed(IEnumerable<string> types)
    {
        var last = "";
        foreach (var type in types)
        {
            if (type != last || !type.EndsWith(".delta", StringComparison.Ordinal))
            {
                yield return type;
            }

            last = type;
        }
    }

    private static string Message(string status, string text) =>
        $$"""{"id":"msg_ID","type":"message","status":"{{status}}","role":"assistant","content":[{"type":"output_text","text":"{{text}}","annotations":[],"logprobs":[]}]}""";

    private static string Call(string status, string name, string arguments) =>
        $$"""{"id":"fc_ID","type":"function_call","status":"{{status}}","call_id":"call_ID","name":"{{name}}","arguments":"{{arguments}}"}""";

    private static string Object(string status, string output, string completed = "null", string usage = "null", string details = "null", string most = "null") =>
        $$$"""{"id":"resp_ID","object":"response","created_at":1,"completed_at":{{{completed}}},"status":"{{{status}}}","background":false,"error":null,"incomplete_details":{{{details}}},"instructions":null,"max_output_tokens":{{{most}}},"model":"eye","output":[{{{output}}}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":false,"temperature":0.8,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":0.95,"truncation":"disabled","usage":{{{usage}}},"user":null,"metadata":{}}""";

    /// <summary>Where one chunk of the connection's framing ends and the next begins.</summary>
    [GeneratedRegex("\r\n[0-9a-f]+\r\n")]
    private static partial Regex Boundary();
}
