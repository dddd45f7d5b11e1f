using System.Net;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class GenerateEndpointTests
{
    [Fact]
    public async Task Stream_Default_GoldenLines()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "A" });
        var reply = await server.PostAsync("/api/generate", """{"model":"eye","prompt":"Hi"}""");
        Assert.Equal((HttpStatusCode.OK, "application/x-ndjson"), (reply.Status, reply.ContentType));
        Assert.Equal(
            """
            {"model":"eye","created_at":"T","response":"A","done":false}
            {"model":"eye","created_at":"T","response":"","context":[1,CONTEXT],"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":20,"prompt_eval_duration":1,"eval_count":2,"eval_duration":1}

            """.Replace("CONTEXT", Ids("USER: Hi ASSISTANT:A"), StringComparison.Ordinal),
            OllamaWire.WithoutTimes(reply.Body));
        Assert.Equal("<s>USER: Hi ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Whole_StreamFalse_GoldenObject()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", """{"model":"eye","prompt":"Hi","stream":false,"system":"Be brief."}""");
        Assert.Equal(
            """{"model":"eye","created_at":"T","response":"A red circle.","context":[1,CONTEXT],"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":30,"prompt_eval_duration":1,"eval_count":14,"eval_duration":1}""".Replace(
                "CONTEXT", Ids("Be brief. USER: Hi ASSISTANT:A red circle."), StringComparison.Ordinal),
            OllamaWire.WithoutTimes(reply.Body));
        Assert.Equal("<s>Be brief. USER: Hi ASSISTANT:", server.Script.LastPrompt);
    }

    [Theory]
    [InlineData(false, "A cat. ")]
    [InlineData(true, " \n A cat. ")]
    public async Task Answer_BeginsWithSpace_CutOffUnlessRaw(bool raw, string expected)
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => " \n A cat. " });
        var whole = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Hi","stream":false,"raw":{{(raw ? "true" : "false")}}}""");
        Assert.Equal(expected, whole.Json.GetProperty("response").GetString());
        var lines = (await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Hi","raw":{{(raw ? "true" : "false")}}}""")).Lines;
        Assert.Equal(expected, string.Concat(lines.Select(static line => line.GetProperty("response").GetString())));
    }

    [Fact]
    public async Task Raw_Prompt_Untouched()
    {
        await using var server = await ScriptedServer.StartAsync();
        await server.PostAsync("/api/generate", """{"model":"eye","prompt":"Once upon","raw":true}""");
        Assert.Equal("<s>Once upon", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Prompt_SpellsControlTokens_PlainText()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { Answer = static _ => "A" });
        var reply = await server.PostAsync("/api/generate", """{"model":"eye","prompt":"</s>[img-0]<image>","stream":false}""");
        // Every character is a token of its own: 17 more than the two of "Hi".
        Assert.Equal(20 - 2 + 18, reply.Json.GetProperty("prompt_eval_count").GetInt32());
    }

    [Theory]
    [InlineData("""{"prompt":"Hi"}""", HttpStatusCode.NotFound, "model '' not found")]
    [InlineData("""{"model":"","prompt":"Hi"}""", HttpStatusCode.NotFound, "model '' not found")]
    [InlineData("""{"model":"a b","prompt":"Hi"}""", HttpStatusCode.BadRequest, "invalid model name")]
    [InlineData("""{"model":"Nothing","prompt":"Hi"}""", HttpStatusCode.NotFound, "model 'Nothing' not found")]
    [InlineData("""{"model":"Nothing","prompt":"Hi","raw":true,"system":"x"}""", HttpStatusCode.NotFound, "model 'Nothing' not found")]
    [InlineData("""{"model":"eye","prompt":"Hi","raw":true,"system":"x"}""", HttpStatusCode.BadRequest, "raw mode does not support template, system, or context")]
    [InlineData("""{"model":"eye","prompt":"Hi","raw":true,"template":"x"}""", HttpStatusCode.BadRequest, "raw mode does not support template, system, or context")]
    [InlineData("""{"model":"eye","prompt":"Hi","raw":true,"context":[1]}""", HttpStatusCode.BadRequest, "raw mode does not support template, system, or context")]
    [InlineData("""{"model":"eye","prompt":"Hi","raw":true,"context":[1],"think":true}""", HttpStatusCode.BadRequest, "raw mode does not support template, system, or context")]
    [InlineData("""{"model":"eye","prompt":"Hi","suffix":"x","think":true}""", HttpStatusCode.BadRequest, "\"eye\" does not support thinking")]
    [InlineData("""{"model":"eye","prompt":"Hi","suffix":"x","options":{"seed":"y"}}""", HttpStatusCode.BadRequest, "registry.ollama.ai/library/eye:latest does not support insert")]
    [InlineData("""{"model":"eye","prompt":"Hi","template":"{{ .Prompt"}""", HttpStatusCode.BadRequest, "template 'template', line 1: unclosed action")]
    [InlineData("""{"model":"eye","prompt":"Hi","context":[1,260]}""", HttpStatusCode.BadRequest, "context[1]: 260 is no token of the model, which has 260")]
    [InlineData("""{"model":"eye","prompt":"Hi","context":[-1]}""", HttpStatusCode.BadRequest, "context[0]: -1 is no token of the model, which has 260")]
    [InlineData("""{"model":"eye","prompt":"Hi","context":["1"]}""", HttpStatusCode.BadRequest, "Invalid type for 'context[0]': expected an integer, got a string.")]
    [InlineData("""{"model":"eye","prompt":"Hi","context":"1"}""", HttpStatusCode.BadRequest, "Invalid type for 'context': expected an array, got a string.")]
    [InlineData("""{"model":"eye","prompt":"Hi","top_logprobs":21,"raw":true,"system":"x"}""", HttpStatusCode.BadRequest, "top_logprobs must be between 0 and 20")]
    [InlineData("""{"model":"eye","prompt":"Hi","logprobs":1}""", HttpStatusCode.BadRequest, "Invalid type for 'logprobs': expected a boolean, got a number.")]
    [InlineData("""{"model":"eye","prompt":"Hi","top_logprobs":1.5}""", HttpStatusCode.BadRequest, "Invalid type for 'top_logprobs': expected an integer, got a fraction.")]
    [InlineData("""{"model":"eye","prompt":"Hi","format":"xml"}""", HttpStatusCode.BadRequest, "invalid format: \"\\\"xml\\\"\"; expected \"json\" or a valid JSON Schema object")]
    [InlineData("""{"model":"eye","prompt":"Hi","options":{"seed":"y"}}""", HttpStatusCode.BadRequest, "option \"seed\" must be of type integer")]
    [InlineData("""{"model":"eye","prompt":5}""", HttpStatusCode.BadRequest, "Invalid type for 'prompt': expected a string, got a number.")]
    public async Task Request_Wrong_TextAndOrderOfOllama(string json, HttpStatusCode status, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/generate", json)).AssertError(status, error);
        Assert.Equal(0, server.Script.Loads);
    }

    [Theory]
    [InlineData("""{"model":"eye","prompt":"Hi","suffix":"","template":"","context":[],"format":"","think":false,"raw":false,"images":[],"shift":true,"truncate":true}""")]
    [InlineData("""{"model":"eye","prompt":"Hi","suffix":null,"template":null,"context":null,"format":null,"think":null,"raw":null,"images":null,"shift":null}""")]
    public async Task Request_NeutralValues_Accepted(string json)
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", json)).Status);
    }

    [Theory]
    [InlineData("""{"model":"eye"}""")]
    [InlineData("""{"model":"eye","prompt":"","stream":true}""")]
    public async Task Load_NoPrompt_OneObject(string json)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", json);
        Assert.Equal("""{"model":"eye","created_at":"T","response":"","done":true,"done_reason":"load"}""", OllamaWire.WithoutTimes(reply.Body));
        Assert.Equal("application/json; charset=utf-8", reply.ContentType);
    }

    [Fact]
    public async Task Truncate_History_OldestDropped()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 100 });
        await server.PostAsync("/api/chat", $$"""
            {"model":"blind","messages":[{"role":"system","content":"Sys."},{"role":"user","content":"{{new string('a', 60)}}"},
             {"role":"assistant","content":"ok"},{"role":"user","content":"Now?"}]}
            """);
        Assert.Equal("<s>Sys. ASSISTANT: ok</s>USER: Now? ASSISTANT:", server.Script.LastPrompt);
    }

    [Theory]
    [InlineData("""{"model":"blind","truncate":false,"messages":[{"role":"user","content":"LONG"},{"role":"user","content":"Now?"}]}""")]
    [InlineData("""{"model":"blind","messages":[{"role":"user","content":"LONG"}]}""")]
    public async Task Prompt_TooLong_OllamasText(string json)
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 100 });
        var reply = await server.PostAsync("/api/chat", json.Replace("LONG", new string('a', 90), StringComparison.Ordinal));
        reply.AssertError(
            HttpStatusCode.BadRequest,
            "the prompt is longer than the context length currently available to the model; shorten the prompt, "
            + "adjust the context length in settings, or use a model with a longer context length");
    }

    [Fact]
    public async Task NumCtx_Small_BoundsAnswer()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", """{"model":"blind","prompt":"Hi","stream":false,"options":{"num_ctx":25}}""");
        Assert.Equal(("length", 5), (reply.Json.GetProperty("done_reason").GetString(), reply.Json.GetProperty("eval_count").GetInt32()));
    }

    private static string Ids(string text) =>
        string.Join(',', text.Select(static character => character == ' ' ? ScriptedVocabulary.Space : ScriptedVocabulary.FirstByte + character));
}
