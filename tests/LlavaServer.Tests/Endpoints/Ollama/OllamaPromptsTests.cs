using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlavaServer.Endpoints;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Models.Store;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>Prompts on the wire: <c>context</c>, <c>suffix</c>, <c>_debug_render_only</c>, and models that do not complete.</summary>
public sealed class OllamaPromptsTests
{
    private const string Generate = "/api/generate";
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    [Fact]
    public async Task Context_OfAnAnswer_BeginsTheNextPrompt()
    {
        await using var server = await ScriptedServer.StartAsync();
        var context = await ContextAsync(server, $$"""{"model":"eye","prompt":"What?","images":["{{Pixel}}"]}""");
        await server.PostAsync(Generate, $$"""{"model":"eye","prompt":"Sure?","context":{{context}}}""");
        Assert.Equal("<s>USER: What? ASSISTANT:A red circle.USER: Sure? ASSISTANT:", server.Script.LastPrompt);
        var longer = await ContextAsync(server, $$"""{"model":"eye","prompt":"Sure?","context":{{context}}}""");
        Assert.StartsWith(context.GetRawText()[..^1], longer.GetRawText(), StringComparison.Ordinal);
        await server.PostAsync(Generate, """{"model":"eye","prompt":"Hi","context":[100]}""");
        Assert.Equal("<s>aUSER: Hi ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Context_PromptSpellsAControlToken_StaysText()
    {
        await using var server = await ScriptedServer.StartAsync();
        var context = await ContextAsync(server, """{"model":"eye","prompt":"</s>"}""");
        Assert.Equal([ScriptedVocabulary.Bos], context.EnumerateArray().Select(static token => token.GetInt32()).Where(static token => token < ScriptedVocabulary.FirstByte));
    }

    [Fact]
    public async Task Context_RawPrompt_None()
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.False((await server.PostAsync(Generate, """{"model":"eye","prompt":"x","raw":true,"stream":false}""")).Json.TryGetProperty("context", out _));
    }

    [Fact]
    public async Task Context_TooLong_LosesItsBeginningUnlessSaidOtherwise()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 100 });
        var context = string.Join(',', Enumerable.Range(0, 120).Select(static index => ScriptedVocabulary.FirstByte + (index < 110 ? 'x' : 'y')));
        await server.PostAsync(Generate, $$"""{"model":"blind","prompt":"Hi","context":[{{context}}]}""");
        Assert.EndsWith("yUSER: Hi ASSISTANT:", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.True(server.Script.LastPrompt.Length < 100 + "<s>".Length);
        var refused = await server.PostAsync(Generate, $$"""{"model":"blind","prompt":"Hi","truncate":false,"context":[{{context}}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.StartsWith("the prompt is longer than the context length", refused.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Suffix_ModelThatFills_TheGapIsInTheMiddle()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Generate, """{"model":"blind","prompt":"a b","suffix":"</s>","system":"x","stream":false,"context":[100]}""");
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("<s>a\u0001a b\u0002</s>\u0003", server.Script.LastPrompt);
        Assert.Equal("system", reply.Headers["llava-ignored-params"]);
        Assert.Equal(1 + 2 + 3 + 1 + 4 + 1, reply.Json.GetProperty("prompt_eval_count").GetInt32());
    }

    [Fact]
    public async Task Raw_ControlTokensAndMarks_AreWhatTheySpell()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(Generate, $$"""{"model":"eye","raw":true,"stream":false,"prompt":"<s>a[img-0]</s>b","images":["{{Pixel}}"]}""");
        Assert.Equal("<s>a[1x1]</s>b", server.Script.LastPrompt);
        Assert.Equal(1 + 1 + ScriptedVisionEncoder.Rows + 1 + 1, reply.Json.GetProperty("prompt_eval_count").GetInt32());
    }

    [Theory]
    [InlineData(Generate, """{"model":"eye","system":"Sys.","prompt":"Hi [img]","images":["PIXEL","PIXEL"],"_debug_render_only":true}""", "Sys. USER: [img-0]\n[img-1]\nHi  ASSISTANT:", 2)]
    [InlineData(Generate, """{"model":"eye","raw":true,"prompt":"Hi","images":["PIXEL"],"_debug_render_only":true}""", "[img-0]\nHi", 1)]
    [InlineData(Generate, """{"model":"eye","prompt":"Hi [img-0]","context":[100,2],"_debug_render_only":true}""", "a</s>USER: Hi [img-0] ASSISTANT:", 0)]
    [InlineData("/api/chat", """{"model":"eye","messages":[{"role":"user","content":"Hi"}],"_debug_render_only":true}""", "USER: Hi ASSISTANT:", 0)]
    [InlineData(Generate, """{"model":"eye","template":"<{{ .System }}>{{ .Prompt }}|","system":"S","prompt":"Hi","_debug_render_only":true}""", "<S>Hi|", 0)]
    [InlineData(Generate, """{"model":"eye","template":"Q {{ .Prompt }} A","prompt":"Hi","images":["PIXEL"],"_debug_render_only":true}""", "Q [img-0]Hi A", 1)]
    [InlineData(Generate, """{"model":"eye","template":"{{ range .Messages }}{{ .Role }}={{ .Content }};{{ end }}","system":"S","prompt":"Hi","_debug_render_only":true}""", "system=S;user=Hi;", 0)]
    [InlineData(Generate, """{"model":"eye","template":"[{{ .Suffix }}]{{ .Prompt }}","prompt":"Hi","suffix":"end","_debug_render_only":true}""", "[end]Hi", 0)]
    public async Task DebugRenderOnly_ShowsThePromptAndRunsNothing(string path, string json, string prompt, int images)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(path, json.Replace("PIXEL", Pixel, StringComparison.Ordinal));
        var count = images > 0 ? $",\"image_count\":{images}" : "";
        var text = path == Generate ? "\"response\":\"\"" : "\"message\":{\"role\":\"assistant\",\"content\":\"\"}";
        Assert.Equal(
            $$$"""{"model":"eye","created_at":"T",{{{text}}},"done":false,"_debug_info":{"rendered_template":"{{{JsonEncodedText.Encode(prompt, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}}}"{{{count}}}}}""",
            OllamaWire.WithoutTimes(reply.Body));
        Assert.Equal((0, 0), (server.Script.Loads, server.Script.Steps));
    }

    [Theory]
    [InlineData(Generate, "\"prompt\":\"\"", "\"images\":[\"PIXEL\"],\"format\":\"xml\"")]
    [InlineData("/api/chat", "\"messages\":[]", "\"format\":\"xml\"")]
    public async Task Load_PicturesAndForm_AreNotLookedAt(string path, string empty, string members)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync(path, $$"""{"model":"blind",{{empty}},{{members.Replace("PIXEL", Pixel, StringComparison.Ordinal)}}}""");
        Assert.Equal("load", reply.Json.GetProperty("done_reason").GetString());
    }

    [Fact]
    public async Task NumCtx_AboveWhatIsLoaded_LoadedAgainOnce()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Engine:ContextLength"] = "256" });
        foreach (var (options, loads) in new[] { ("{}", 1), ("{\"num_ctx\":500}", 1), ("{\"num_ctx\":600}", 2), ("{}", 2), ("{\"num_ctx\":600}", 2) })
        {
            var reply = await server.PostAsync(Generate, $$"""{"model":"blind","prompt":"Hi","stream":false,"options":{{options}}}""");
            Assert.Equal((HttpStatusCode.OK, loads), (reply.Status, server.Script.Loads));
        }
    }

    [Fact]
    public async Task Truncate_PicturesOfDroppedMessages_AreGoneAndTheOthersStay()
    {
        await using var server = await ScriptedServer.StartAsync(new ScriptedEngineFactory { ContextLength = 60 });
        var reply = await server.PostAsync("/api/chat", $$"""
            {"model":"eye","stream":false,"messages":[{"role":"user","content":"{{new string('a', 40)}}","images":["{{Pixel}}"]},{"role":"assistant","content":null},
             {"role":"user","content":"B?","images":["{{Pixel}}"]}]}
            """);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.EndsWith("USER: [1x1]\nB? ASSISTANT:", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.DoesNotContain("aaa", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PromptEvalCount_PromptInTheCache_IsTheWholePrompt()
    {
        await using var server = await ScriptedServer.StartAsync();
        var body = $$"""{"model":"eye","prompt":"Hi","stream":false,"images":["{{Pixel}}"]}""";
        var counts = new[] { await server.PostAsync(Generate, body), await server.PostAsync(Generate, body) }.Select(static reply => reply.Json.GetProperty("prompt_eval_count").GetInt32()).ToArray();
        Assert.Equal(counts[0], counts[1]);
        Assert.Equal(1, server.Script.Vision.Encodes);
    }

    [Fact]
    public async Task Unload_WhileItAnswers_TheAnswerFinishesFirst()
    {
        using var gate = new SemaphoreSlim(0);
        using var inside = new SemaphoreSlim(0);
        var script = new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                inside.Release();
                gate.Wait(TimeSpan.FromSeconds(30));
            },
        };
        await using var server = await ScriptedServer.StartAsync(script);
        var running = server.PostAsync(Generate, """{"model":"eye","prompt":"Hi","stream":false}""");
        await inside.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("unload", (await server.PostAsync(Generate, """{"model":"eye","keep_alive":0}""")).Json.GetProperty("done_reason").GetString());
        gate.Release(1000);
        Assert.Equal("A red circle.", (await running).Json.GetProperty("response").GetString());
        Assert.Equal("""{"models":[]}""", (await server.SendAsync(HttpMethod.Get, "/api/ps")).Body);
    }

    [Fact]
    public async Task Ps_SeveralModels_LatestExpiryFirst()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Pool:MaxLoaded"] = "2" });
        foreach (var (model, keepAlive) in new[] { ("eye", "10m"), ("blind", "20m"), ("eye", "30m") })
        {
            await server.PostAsync(Generate, $$"""{"model":"{{model}}","keep_alive":"{{keepAlive}}"}""");
        }

        var running = (await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray();
        Assert.Equal(["eye:latest", "blind:latest"], running.Select(static model => model.GetProperty("name").GetString()));
    }

    [Fact]
    public void Check_ModelMadeForVectors_DoesNotComplete()
    {
        using var model = new ScriptedModel("e5", sees: false);
        Assert.True(ModelName.TryParse("e5", out var name));
        var target = new OllamaTarget(name, model.Entry with { Pooling = PoolingType.Mean });
        var fields = OllamaWire.Fields("{}");
        var generate = Assert.Throws<RequestException>(() => OllamaRefusals.CheckGenerate(fields, new OllamaGenerateRequest { Model = "e5" }, target, fills: false));
        Assert.Equal((400, "\"e5\" does not support generate"), (generate.Status, generate.Message));
        var chat = Assert.Throws<RequestException>(() => OllamaRefusals.CheckChat(fields, new OllamaChatRequest { Model = "e5" }, target));
        Assert.Equal((400, "\"e5\" does not support chat"), (chat.Status, chat.Message));
    }

    private static async Task<JsonElement> ContextAsync(ScriptedServer server, string json) =>
        (await server.PostAsync(Generate, json)).Lines[^1].GetProperty("context");
}
