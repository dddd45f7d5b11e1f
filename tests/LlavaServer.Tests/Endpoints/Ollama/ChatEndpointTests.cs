using System.Net;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class ChatEndpointTests
{
    private const string Ask = """{"model":"eye","messages":[{"role":"user","content":"Hi"}]}""";

    [Fact]
    public async Task Stream_Default_GoldenLines()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "A" });
        var reply = await server.PostAsync("/api/chat", Ask);
        Assert.Equal((HttpStatusCode.OK, "application/x-ndjson"), (reply.Status, reply.ContentType));
        Assert.Equal(
            """
            {"model":"eye","created_at":"T","message":{"role":"assistant","content":"A"},"done":false}
            {"model":"eye","created_at":"T","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":20,"prompt_eval_duration":1,"eval_count":2,"eval_duration":1}

            """,
            OllamaWire.WithoutTimes(reply.Body));
        Assert.Equal("<s>USER: Hi ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Whole_StreamFalse_GoldenObject()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "A cat <\u00e9\ud83d\udc31> & \"b\"" });
        var reply = await server.PostAsync("/api/chat", """{"model":"EYE:latest","stream":false,"messages":[{"role":"USER","content":"Hi"}]}""");
        Assert.Equal((HttpStatusCode.OK, "application/json; charset=utf-8"), (reply.Status, reply.ContentType));
        Assert.Equal(
            """{"model":"EYE:latest","created_at":"T","message":{"role":"assistant","content":"A cat <é🐱> & \"b\""},"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":20,"prompt_eval_duration":1,"eval_count":21,"eval_duration":1}""",
            OllamaWire.WithoutTimes(reply.Body).Replace("\\uD83D\\uDC31", "🐱", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stream_LongAnswer_LinesJoinToIt()
    {
        var answer = string.Concat(Enumerable.Range(0, 40).Select(static i => $"Zahl {i} é🐱 "));
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = _ => answer, ContextLength = 2048 });
        var lines = (await server.PostAsync("/api/chat", Ask)).Lines;
        Assert.Equal(answer, string.Concat(lines.Select(static line => line.GetProperty("message").GetProperty("content").GetString())));
        Assert.All(lines.SkipLast(1), static line => Assert.False(line.GetProperty("done").GetBoolean()));
        Assert.True(lines[^1].GetProperty("done").GetBoolean());
        Assert.DoesNotContain(lines, static line => line.GetProperty("message").GetProperty("content").GetString()!.Contains('\uFFFD', StringComparison.Ordinal));
    }

    [Fact]
    public async Task Conversation_SystemAndTurns_Rendered()
    {
        await using var server = await ScriptedServer.StartAsync();
        await server.PostAsync("/api/chat", """
            {"model":"eye","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"One?"},{"role":"assistant","content":"1"},
             {"role":"user","content":"Two?"},{"role":"user","content":"Or three?"}]}
            """);
        Assert.Equal("<s>Be brief. USER: One? ASSISTANT: 1</s>USER: Two?\n\nOr three? ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Conversation_LastMessageOfAssistant_Continued()
    {
        await using var server = await ScriptedServer.StartAsync();
        await server.PostAsync("/api/chat", """{"model":"eye","messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"It is"}]}""");
        Assert.Equal("<s>USER: One? ASSISTANT: It is", server.Script.LastPrompt);
    }

    [Theory]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", "\"json\"")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}")]
    [InlineData("/api/generate", "\"prompt\":\"Hi\"", "\"json\"")]
    [InlineData("/api/generate", "\"prompt\":\"Hi\",\"raw\":true", "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}")]
    public async Task Format_Given_Held(string path, string question, string format)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Script.Answer = static _ => "{\"n\": 12} is the number";
        var reply = await server.PostAsync(path, $$"""{"model":"eye","stream":false,{{question}},"format":{{format}}}""");
        var text = path == "/api/chat" ? reply.Json.GetProperty("message").GetProperty("content").GetString() : reply.Json.GetProperty("response").GetString();
        Assert.Equal(("{\"n\": 12}", "stop"), (text, reply.Json.GetProperty("done_reason").GetString()));
    }

    [Fact]
    public async Task NumPredict_Reached_Length()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", """{"model":"eye","stream":false,"messages":[{"role":"user","content":"Hi"}],"options":{"num_predict":3}}""");
        Assert.Equal("A r", reply.Json.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("length", reply.Json.GetProperty("done_reason").GetString());
        Assert.Equal(3, reply.Json.GetProperty("eval_count").GetInt32());
    }

    [Fact]
    public async Task Stop_InAnswer_EndsBeforeIt()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", """{"model":"eye","stream":false,"messages":[{"role":"user","content":"Hi"}],"options":{"stop":["circle"]}}""");
        Assert.Equal("A red ", reply.Json.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", reply.Json.GetProperty("done_reason").GetString());
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"model":null,"messages":[]}""")]
    [InlineData("""{"model":"","messages":[]}""")]
    public async Task Model_NotGiven_400(string json)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/chat", json)).AssertError(HttpStatusCode.BadRequest, "model is required");
    }

    [Theory]
    [InlineData("no/such/thing/here", HttpStatusCode.BadRequest, "invalid model name")]
    [InlineData("a b", HttpStatusCode.BadRequest, "invalid model name")]
    [InlineData("Nothing:7b", HttpStatusCode.NotFound, "model 'Nothing:7b' not found")]
    public async Task Model_MalformedOrUnknown_OllamasText(string model, HttpStatusCode status, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/chat", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]}""")).AssertError(status, error);
    }

    [Theory]
    [InlineData("eye")]
    [InlineData("Eye:LATEST")]
    [InlineData("library/eye")]
    [InlineData("registry.ollama.ai/library/eye:latest")]
    public async Task Model_AnySpelling_EchoedAsSent(string model)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", $$"""{"model":"{{model}}","stream":false,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(model, reply.Json.GetProperty("model").GetString());
    }

    [Fact]
    public async Task Body_OddCaseNullsAndTrailingBytes_Read()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", """
            {"MODEL":"eye","Stream":false,"options":null,"format":null,"think":false,"tools":[],"logprobs":false,"keep_alive":null,"unknown":{"x":1},
             "model":"blind","messages":[{"Role":"user","CONTENT":"Hi","images":null}]} trailing }
            """);
        Assert.Equal("blind", reply.Json.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData("", "missing request body")]
    [InlineData("   ", "missing request body")]
    [InlineData("""{"model":1}""", "Invalid type for 'model': expected a string, got a number.")]
    [InlineData("""{"model":"eye","stream":"yes"}""", "Invalid type for 'stream': expected a boolean, got a string.")]
    [InlineData("""{"model":"eye","messages":{}}""", "Invalid type for 'messages': expected an array, got an object.")]
    [InlineData("""{"model":"eye","messages":["Hi"]}""", "Invalid type for 'messages[0]': expected an object, got a string.")]
    [InlineData("""{"model":"eye","messages":[{"role":"user","content":[{"type":"text"}]}]}""", "Invalid type for 'messages[0].content': expected a string, got an array.")]
    [InlineData("""{"model":"eye","messages":[{"content":"Hi"}]}""", "Missing required parameter: 'messages[0].role'.")]
    [InlineData("""{"model":"eye","messages":[{"role":"user","images":"abc"}]}""", "Invalid type for 'messages[0].images': expected an array, got a string.")]
    [InlineData("""{"model":"eye","messages":[{"role":"user","images":[1]}]}""", "Invalid type for 'messages[0].images[0]': expected a string, got a number.")]
    [InlineData("""{"model":"eye","options":[]}""", "Invalid type for 'options': expected an object, got an array.")]
    [InlineData("""{"model":"eye","top_logprobs":21}""", "top_logprobs must be between 0 and 20")]
    [InlineData("""{"model":"nothing","top_logprobs":-1}""", "top_logprobs must be between 0 and 20")]
    [InlineData("""{"model":"eye","keep_alive":true}""", "Unsupported type: 'bool'")]
    public async Task Body_Wrong_400(string json, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/chat", json)).AssertError(HttpStatusCode.BadRequest, error);
    }

    [Theory]
    [InlineData("\"think\":true", "\"eye\" does not support thinking")]
    [InlineData("\"think\":\"high\"", "\"eye\" does not support thinking")]
    [InlineData("\"think\":\"much\"", "invalid think value: \"much\" (must be \"high\", \"medium\", \"low\", \"max\", true, or false)")]
    [InlineData("\"think\":3", "think must be a boolean or string (\"high\", \"medium\", \"low\", \"max\", true, or false)")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "Missing required parameter: 'tools[0].function'.")]
    [InlineData("\"tools\":[{\"type\":\"custom\"}]", "tools[0].type: \"custom\" is not supported, tools are of type \"function\"")]
    [InlineData("\"tools\":[{\"function\":{\"name\":\"\"}}]", "The name of a tool must have 1 to 256 visible ASCII characters, without quotes, backslashes and brackets.")]
    [InlineData("\"tools\":[{\"function\":{\"name\":\"f\",\"strict\":true,\"parameters\":{\"not\":{}}}}]", "Invalid schema in 'tools[0].function.parameters'. #: the keyword 'not' is not supported.")]
    [InlineData("\"format\":{\"type\":\"object\",\"not\":{}}", "Invalid schema in 'format'. #: the keyword 'not' is not supported.")]
    [InlineData("\"format\":\"xml\"", "invalid format: \"\\\"xml\\\"\"; expected \"json\" or a valid JSON Schema object")]
    [InlineData("\"format\":5", "invalid format: \"5\"; expected \"json\" or a valid JSON Schema object")]
    [InlineData("\"options\":{\"mirostat\":3}", "option \"mirostat\" must be between 0 and 2")]
    [InlineData("\"options\":{\"top_k\":\"x\"}", "option \"top_k\" must be of type integer")]
    public async Task Member_NotHonoured_RefusedByName(string member, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", $$"""{"model":"eye","messages":[{"role":"user","content":"Hi"}],{{member}}}""");
        reply.AssertError(HttpStatusCode.BadRequest, error);
        Assert.Equal(0, server.Script.Loads);
    }

    [Theory]
    [InlineData("""{"role":"poet","content":"5"}""", "messages[0].role: the role must be \"system\", \"user\", \"assistant\" or \"tool\"")]
    [InlineData("""{"role":"assistant","tool_calls":[{"function":{}}]}""", "Missing required parameter: 'messages[0].tool_calls[0].function.name'.")]
    [InlineData("""{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}""", "Invalid type for 'messages[0].tool_calls[0].function.arguments': expected an object, got a string.")]
    public async Task Message_NotHonoured_RefusedByName(string message, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/chat", $$"""{"model":"eye","messages":[{{message}}]}""")).AssertError(HttpStatusCode.BadRequest, error);
    }

    [Theory]
    [InlineData("""{"model":"eye"}""")]
    [InlineData("""{"model":"eye","messages":[],"stream":true,"options":{"num_ctx":4096},"keep_alive":"10m"}""")]
    public async Task Load_NoMessages_OneObject(string json)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", json);
        Assert.Equal(
            """{"model":"eye","created_at":"T","message":{"role":"assistant","content":""},"done":true,"done_reason":"load"}""",
            OllamaWire.WithoutTimes(reply.Body));
        Assert.Equal((1, 0), (server.Script.Loads, server.Script.Steps));
    }

    [Fact]
    public async Task Ignored_TechnicalOptions_NamedInHeader()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/chat", """{"model":"eye","messages":[{"role":"user","content":"Hi"}],"keep_alive":"5m","options":{"num_gpu":1}}""");
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("options.num_gpu", reply.Headers["llava-ignored-params"]);
    }

    [Fact]
    public async Task LIM1_Messages_OneOverLimitRefused()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:Messages"] = "2" });
        const string One = """{"role":"user","content":"Hi"}""";
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/chat", $$"""{"model":"eye","messages":[{{One}},{{One}}]}""")).Status);
        (await server.PostAsync("/api/chat", $$"""{"model":"eye","messages":[{{One}},{{One}},{{One}}]}"""))
            .AssertError(HttpStatusCode.BadRequest, "'messages' has 3 items; at most 2 are allowed.");
    }
}
