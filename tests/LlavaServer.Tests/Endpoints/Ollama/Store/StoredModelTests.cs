using System.Net;
using LlavaServer.Endpoints.Anthropic;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Inference.Sampling;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>Models of a store that Ollama wrote are served as they are, and follow what happens on the disk.</summary>
public sealed class StoredModelTests
{
    [Fact]
    public async Task STO15_OllamasStore_ServesWithoutChange()
    {
        using var store = new HandWrittenStore();
        var digest = store.AddLlava();
        var before = store.Snapshot();
        var script = new ScriptedEngineFactory();
        await using var server = await ScriptedServer.StartAsync(script, store.Settings);
        var tags = (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").EnumerateArray().ToList();
        Assert.Equal(3, tags.Count);
        var llava = tags.Single(static model => model.GetProperty("name").GetString() == "llava:7b");
        Assert.Equal(digest, llava.GetProperty("digest").GetString());
        Assert.Equal(before.Count - 1, Directory.GetFiles(Path.Combine(store.Root, "blobs")).Length);
        Assert.Equal(Directory.GetFiles(Path.Combine(store.Root, "blobs")).Sum(static file => new FileInfo(file).Length), llava.GetProperty("size").GetInt64());
        Assert.Equal(
            """{"parent_model":"","format":"gguf","family":"llama","families":["llama","clip"],"parameter_size":"7B","quantization_level":"Q4_0","context_length":4096,"embedding_length":2}""",
            llava.GetProperty("details").GetRawText());
        Assert.Equal("""["completion","vision"]""", llava.GetProperty("capabilities").GetRawText());

        foreach (var name in new[] { "llava:7b", "LLaVA:7B", "library/llava:7b", "registry.ollama.ai/library/llava:7b", "https://registry.ollama.ai/library/llava:7b" })
        {
            var reply = await server.PostAsync("/api/generate", $$"""{"model":"{{name}}","prompt":"Hi","stream":false}""");
            Assert.Equal((HttpStatusCode.OK, name), (reply.Status, reply.Json.GetProperty("model").GetString()));
        }

        Assert.Equal(1, script.Loads);
        Assert.Equal("llava:7b", (await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models")[0].GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/api/generate", """{"model":"llava","prompt":"Hi"}""")).Status);
        var openAI = await server.PostAsync("/v1/chat/completions", """{"model":"llava:7b","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(HttpStatusCode.OK, openAI.Status);
        Assert.Contains("\"id\":\"llava:7b\"", (await server.SendAsync(HttpMethod.Get, "/v1/models")).Body, StringComparison.Ordinal);
        Assert.Equal(before, store.Snapshot());
    }

    [Fact]
    public async Task Defaults_OfTheModel_HoldUntilTheRequestSaysOtherwise()
    {
        using var store = new HandWrittenStore();
        store.AddLlava(options: """{"stop":["circle"],"num_predict":-1}""", messages: """[{"role":"user","content":"Example?"},{"role":"assistant","content":"Yes."}]""");
        var script = new ScriptedEngineFactory();
        await using var server = await ScriptedServer.StartAsync(script, store.Settings);
        var reply = await server.PostAsync("/api/chat", """{"model":"llava:7b","stream":false,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal("A red ", reply.Json.GetProperty("message").GetProperty("content").GetString());
        Assert.Contains(HandWrittenStore.System, script.LastPrompt, StringComparison.Ordinal);
        var (example, question) = (script.LastPrompt.IndexOf("Example?", StringComparison.Ordinal), script.LastPrompt.IndexOf("Hi", StringComparison.Ordinal));
        Assert.True(example > 0 && question > example, script.LastPrompt);

        // Over the OpenAI API too.
        reply = await server.PostAsync("/v1/chat/completions", """{"model":"llava:7b","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal("A red ", reply.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Contains(HandWrittenStore.System, script.LastPrompt, StringComparison.Ordinal);

        reply = await server.PostAsync(
            "/api/chat", """{"model":"llava:7b","stream":false,"options":{"stop":["red"]},"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]}""");
        Assert.Equal("A ", reply.Json.GetProperty("message").GetProperty("content").GetString());
        Assert.DoesNotContain(HandWrittenStore.System, script.LastPrompt, StringComparison.Ordinal);
        Assert.Contains("Be brief.", script.LastPrompt, StringComparison.Ordinal);
        reply = await server.PostAsync("/api/generate", """{"model":"llava:7b","stream":false,"prompt":"Hi","system":"Be brief."}""");
        Assert.Equal("A red ", reply.Json.GetProperty("response").GetString());
        Assert.Contains("Be brief.", script.LastPrompt, StringComparison.Ordinal);
        reply = await server.PostAsync("/api/generate", """{"model":"llava:7b","stream":false,"prompt":"Raw","raw":true}""");
        Assert.DoesNotContain(HandWrittenStore.System, script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sampling_OfTheModel_HoldsInOtherDialects()
    {
        using var store = new HandWrittenStore();
        store.AddLlava(options: """{"temperature":0.125,"top_k":7,"top_p":"wrong","frequency_penalty":1.5}""");
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var props = (await server.SendAsync(HttpMethod.Get, "/props?model=llava:7b")).Json.GetProperty("default_generation_settings").GetProperty("params");
        Assert.Equal((0.125, 7), (props.GetProperty("temperature").GetDouble(), props.GetProperty("top_k").GetInt32()));
        SamplingParameters OpenAI(string json) => server.Services.GetRequiredService<AnswerFieldsReader>().Read(OllamaWire.Fields(json), ChatFields.ByName).Sampling;
        var own = OpenAI("""{"model":"LLaVA:7B"}""");
        Assert.Equal((0.125f, 7, 0.95f, 1.5f), (own.Temperature, own.TopK, own.TopP, own.FrequencyPenalty));
        Assert.Equal((0.5f, 7), (OpenAI("""{"model":"llava:7b","temperature":0.5}""").Temperature, OpenAI("""{"model":"llava:7b","temperature":0.5}""").TopK));
        Assert.Equal(0.8f, OpenAI("""{"model":"eye"}""").Temperature);
        Assert.Equal(0.8f, OpenAI("{}").Temperature);
        var message = OllamaWire.Fields("""{"model":"llava:7b","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(0.125f, server.Services.GetRequiredService<MessageRequestReader>().Read(message).Sampling.Temperature);
    }

    [Fact]
    public async Task Health_StoreUnreadable_NotReadyUntilItIsBack()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A folder that cannot be read is made with a link here.");
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        server.Services.GetRequiredService<LlavaServer.Health.Readiness>().Begin();
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, "/readyz")).Status);
        var place = Path.Combine(store.Root, "manifests");
        Directory.CreateSymbolicLink(place, place);
        await server.SendAsync(HttpMethod.Get, "/api/tags");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.SendAsync(HttpMethod.Get, "/readyz")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, "/livez")).Status);
        var health = await server.SendAsync(HttpMethod.Get, "/health");
        Assert.Contains("\"store\":\"unreadable\"", health.Body, StringComparison.Ordinal);
        Assert.Contains("Models:Path", health.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"eye","prompt":"Hi"}""")).Status);
        File.Delete(place);
        for (var i = 0; (await server.SendAsync(HttpMethod.Get, "/readyz")).Status != HttpStatusCode.OK; i++)
        {
            Assert.True(i < 300, "Not ready again.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Disk_Changes_AreSeenWithoutRestart()
    {
        using var store = new HandWrittenStore();
        var script = new ScriptedEngineFactory();
        await using var server = await ScriptedServer.StartAsync(script, store.Settings);
        const string ask = """{"model":"llava:7b","prompt":"Hi","stream":false}""";
        (await server.PostAsync("/api/generate", ask)).AssertError(HttpStatusCode.NotFound, "model 'llava:7b' not found");
        var first = store.AddLlava();
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", ask)).Status);

        // Another model under the same name: the one in memory makes place for it.
        var second = store.AddLlava(options: """{"stop":["red"]}""");
        Assert.NotEqual(first, second);
        var reply = await server.PostAsync("/api/generate", ask);
        Assert.Equal("A ", reply.Json.GetProperty("response").GetString());
        Assert.Equal(2, script.Loads);
        Assert.Equal(second, Assert.Single((await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").EnumerateArray()).GetProperty("digest").GetString());
        File.Delete(Path.Combine(store.Root, "manifests/registry.ollama.ai/library/llava/7b"));
        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/api/generate", ask)).Status);
        Assert.Equal(2, (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").GetArrayLength());
    }

    [Fact]
    public async Task STO15_DamagedModels_AreListedAndSayWhyTheyAreNot()
    {
        using var store = new HandWrittenStore();
        store.AddLlava();
        var config = store.Blob("{}");
        var tensor = HandWrittenStore.Layer("tensor", store.Blob("t"));
        var adapter = $"{HandWrittenStore.Layer("model", store.Blob(store.Weights))},{HandWrittenStore.Layer("adapter", ("sha256:" + new string('1', 64), 5))}";
        var missing = HandWrittenStore.Layer("model", ("sha256:" + new string('0', 64), 5));
        var damaged = HandWrittenStore.Layer("model", store.Blob("GGUF?"));
        foreach (var (name, layers) in new[] { ("tensors", tensor), ("lora", adapter), ("missing", missing), ("damaged", damaged), ("empty", "") })
        {
            store.Manifest($"registry.ollama.ai/library/{name}/latest", $$"""{"config":{"digest":"{{config.Digest}}","size":{{config.Size}}},"layers":[{{layers}}]}""");
        }

        store.Manifest("registry.ollama.ai/library/broken/latest", "not a manifest");
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        Assert.Equal(8, (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").GetArrayLength());
        foreach (var (name, reason) in new[] { ("tensors", "safetensors"), ("lora", "sha256:1111"), ("missing", "is missing or not whole"), ("damaged", "not usable"), ("empty", "0 GGUF files") })
        {
            var reply = await server.PostAsync("/api/generate", $$"""{"model":"{{name}}","prompt":"Hi"}""");
            Assert.Equal(HttpStatusCode.InternalServerError, reply.Status);
            Assert.Contains(reason, reply.Error(), StringComparison.Ordinal);
            Assert.DoesNotContain(store.Root, reply.Error(), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, $"/v1/models/{name}")).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/api/generate", """{"model":"broken","prompt":"Hi"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Get, "/v1/models")).Status);
    }
}
