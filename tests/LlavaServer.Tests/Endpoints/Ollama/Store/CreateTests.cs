using System.Net;
using System.Text.Json.Nodes;
using LlavaServer.TestRegistry;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary><c>/api/create</c> over HTTP: models out of models and GGUF files, and what is wrong with a request.</summary>
public sealed class CreateTests
{
    private const string Hash = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [Theory]
    [InlineData("", 400, "missing request body")]
    [InlineData("{}", 400, "invalid model name")]
    [InlineData("""{"model":"a b","from":"eye"}""", 400, "invalid model name")]
    [InlineData("""{"model":"a","from":"./model.gguf"}""", 400, "invalid model name")]
    [InlineData("""{"model":"a"}""", 400, "neither 'from' or 'files' was specified")]
    [InlineData("""{"NAME":"a","files":null}""", 400, "neither 'from' or 'files' was specified")]
    [InlineData("""{"model":"a","files":{}}""", 400, "no files provided to convert")]
    [InlineData("""{"model":"a","files":{"/a.gguf":"$"}}""", 400, "file path must be relative")]
    [InlineData("""{"model":"a","files":{"b/../a.gguf":"$"}}""", 400, "file path must be relative")]
    [InlineData("""{"model":"a","files":{"b//a.gguf":"$"}}""", 400, "file path must be relative")]
    [InlineData("""{"model":"a","from":"eye","adapters":{"../a.gguf":"$"}}""", 400, "file path must be relative")]
    [InlineData("""{"model":"a","files":{"a.gguf":""}}""", 400, "invalid digest format")]
    [InlineData("""{"model":"a","from":"eye","adapters":{"a.gguf":"$","b.gguf":"$"},"stream":false}""", 400, "only one adapter is currently supported")]
    [InlineData("""{"model":"a","from":"eye","template":"{{ .System "}""", 400, "template error: ")]
    [InlineData("""{"model":"a","from":"eye","parameters":{"temperature":"hot"}}""", 400, "option \"temperature\" must be of type float32")]
    [InlineData("""{"model":"a","from":"eye","parameters":{"stop":"x"}}""", 400, "option \"stop\" must be of type array")]
    [InlineData("""{"model":"a","from":"eye","messages":[{"role":"tool","content":"x"}]}""", 400, "message role must be one of \"system\", \"user\", or \"assistant\"")]
    [InlineData("""{"model":"a","from":"eye","messages":[{"role":"user","content":"x","images":["eA=="]}]}""", 400, "messages[0].images: messages of a model are texts only")]
    [InlineData("""{"model":"a","from":"eye","requires":"new"}""", 400, "requires must be a version such as 0.14.0")]
    [InlineData("""{"model":"a","from":"eye","remote_host":"https://ollama.com"}""", 403, "ollama cloud is disabled: remote model is unavailable")]
    [InlineData("""{"model":"a","from":"eye","quantize":"q9_k","stream":false}""", 500, "unsupported quantization type Q9_K - supported types are F32, F16, BF16, Q4_0, ")]
    [InlineData("""{"model":"a","files":{"a.gguf":"$"},"stream":false}""", 400, "the file 'a.gguf' was not uploaded: there is no blob sha256:aaa")]
    [InlineData("""{"model":"eye","from":"blind"}""", 400, "model 'eye' is served from files outside the store")]
    [InlineData("""{"model":"a","from":"nobody/nothing"}""", 403, "registry \"registry.ollama.ai\" is none of those that this server may use (Models:Registries)")]
    public async Task Request_Wrong_OllamasTextAndNothingStored(string json, int status, string error)
    {
        using var store = new HandWrittenStore();
        var settings = store.Settings;
        settings["Llava:Models:Registries"] = "registry.invalid";
        await using var server = await ScriptedServer.StartAsync(settings: settings);
        var reply = await server.PostAsync("/api/create", json.Replace("$", Hash, StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode)status, reply.Status);
        Assert.StartsWith(error, reply.Error(), StringComparison.Ordinal);
        Assert.Empty(store.Snapshot());
    }

    [Fact]
    public async Task FromStoredModel_EverythingChanged_LayersSharedAndTextsItsOwn()
    {
        using var store = new HandWrittenStore();
        store.AddLlava(messages: """[{"role":"user","content":"old"}]""");
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var weights = store.Snapshot().Keys.Order().ToList();
        var statuses = await server.CreateAsync(JsonNode.Parse(
            """
            {"model":"me/Careful:v1","from":"LLAVA:7b","system":"Be brief.","template":"{{ .System }} Q: {{ .Prompt }} A: ","license":["Third license"],
             "parameters":{"temperature":0.5,"num_ctx":null,"stop":["Q:"],"future_option":1},"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}],
             "renderer":"r","parser":"p","requires":"0.14.0","info":{"base_name":"llava","context_length":4096,"colour":"red"}}
            """)!.AsObject());

        Assert.Equal(4, statuses.Count(static status => status.StartsWith("using existing layer sha256:", StringComparison.Ordinal)));
        Assert.Equal(5, statuses.Count(static status => status.StartsWith("creating new layer sha256:", StringComparison.Ordinal)));
        Assert.Equal(["writing manifest", "success"], statuses[^2..]);
        var show = (await server.PostAsync("/api/show", """{"model":"me/careful:v1"}""")).Json;
        Assert.Equal("Be brief.", show.GetProperty("system").GetString());
        Assert.Equal("{{ .System }} Q: {{ .Prompt }} A: ", show.GetProperty("template").GetString());
        Assert.Equal("First license\nof two lines\nSecond license\nThird license", show.GetProperty("license").GetString());
        Assert.Equal("""[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]""", show.GetProperty("messages").GetRawText());
        Assert.Equal(
            ["future_option                  1", "num_ctx                        4096", "stop                           \"Q:\"", "temperature                    0.5"],
            show.GetProperty("parameters").GetString()!.Split('\n'));
        Assert.Equal(("r", "p", "0.14.0"), (show.GetProperty("renderer").GetString(), show.GetProperty("parser").GetString(), show.GetProperty("requires").GetString()));
        Assert.Equal("""["completion","vision"]""", show.GetProperty("capabilities").GetRawText());
        Assert.Equal(("7B", "Q4_0"), (show.GetProperty("details").GetProperty("parameter_size").GetString(), show.GetProperty("details").GetProperty("quantization_level").GetString()));

        // The manifest as Ollama writes it: the base's layers say where they come from.
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(store.Root, "manifests/registry.ollama.ai/me/Careful/v1")))!;
        Assert.Equal(["model", "projector", "license", "license", "template", "system", "license", "params", "messages"], manifest["layers"]!.AsArray().Select(static layer => ((string)layer!["mediaType"]!).Split('.')[^1]));
        Assert.Equal("llava:7b", (string?)manifest["layers"]![0]!["from"]);
        var config = JsonNode.Parse(File.ReadAllBytes(Path.Combine(store.Root, "blobs", ((string)manifest["config"]!["digest"]!).Replace(':', '-'))))!;
        Assert.Equal(("gguf", "llama", "llava", 4096, "amd64"), ((string?)config["model_format"], (string?)config["model_family"], (string?)config["base_name"], (int?)config["context_length"], (string?)config["architecture"]));
        Assert.Equal(9, config["rootfs"]!["diff_ids"]!.AsArray().Count);
        var answer = await server.PostAsync("/api/chat", """{"model":"me/careful:v1","messages":[{"role":"user","content":"Well?"}],"_debug_render_only":true}""");
        Assert.Contains("Be brief. Q: Hi A: Ho", answer.Json.GetProperty("_debug_info").GetProperty("rendered_template").GetString(), StringComparison.Ordinal);

        // Nothing of the base has changed; deleting the new model leaves what was there.
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/delete", """{"model":"me/careful:v1"}""", HttpMethod.Delete)).Status);
        Assert.Equal(weights, store.Snapshot().Keys.Order());
    }

    [Fact]
    public async Task FromStoredModel_NothingGiven_Inherits()
    {
        using var store = new HandWrittenStore();
        store.AddLlava(messages: """[{"role":"user","content":"old"}]""");
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var statuses = await server.CreateAsync(new JsonObject { ["model"] = "x", ["from"] = "llava:7b", ["system"] = "", ["template"] = "", ["messages"] = new JsonArray(), ["license"] = "Second license" });
        Assert.Equal(8, statuses.Count(static status => status.StartsWith("using existing layer", StringComparison.Ordinal)));
        var (one, other) = ((await server.PostAsync("/api/show", """{"model":"llava:7b"}""")).Json, (await server.PostAsync("/api/show", """{"model":"x"}""")).Json);
        foreach (var member in (string[])["system", "template", "license", "messages", "parameters", "details", "capabilities"])
        {
            Assert.Equal(
                one.GetProperty(member).GetRawText().Split("\\n").Order(), other.GetProperty(member).GetRawText().Split("\\n").Order());
        }
    }

    [Fact]
    public async Task FromGgufPair_ProjectorFound_ModelSees()
    {
        using var store = new HandWrittenStore();
        using var pair = new ScriptedModel("pair", sees: true);
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var files = await server.UploadAsync(("mmproj.gguf", File.ReadAllBytes(pair.Files.MmprojPath!)), ("weights", File.ReadAllBytes(pair.Files.ModelPath)));
        var statuses = await server.CreateAsync(new JsonObject { ["name"] = "pair", ["files"] = files, ["system"] = "Look." });

        Assert.Equal(["parsing GGUF", "using existing layer", "using existing layer", "creating new layer", "writing manifest", "success"], statuses.Select(static status => status.Split(" sha256")[0]));
        var show = (await server.PostAsync("/api/show", """{"model":"pair"}""")).Json;
        Assert.Equal("""["completion","vision"]""", show.GetProperty("capabilities").GetRawText());
        Assert.Equal("""["llama","clip"]""", show.GetProperty("details").GetProperty("families").GetRawText());
        Assert.True(show.GetProperty("projector_info").GetProperty("clip.has_vision_encoder").GetBoolean());
        var answer = await server.PostAsync("/api/generate", """{"model":"pair","prompt":"Hi","stream":false,"images":["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="]}""");
        Assert.Equal("A red circle.", answer.Json.GetProperty("response").GetString());
    }

    [Theory]
    [InlineData("weights", "no gguf at all", "unknown type")]
    [InlineData("weights.gguf", "no gguf at all", "supplied file was not in GGUF format")]
    [InlineData("weights.gguf", "GGUF\u0003\0\0\0", "header: ")]
    [InlineData("weights.gguf", "", "supplied file was not in GGUF format")]
    public async Task FromFiles_NoGguf_RefusedAsALineOrByStatus(string name, string content, string error)
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var files = await server.UploadAsync((name, System.Text.Encoding.UTF8.GetBytes(content)));
        var before = store.Snapshot();
        var statuses = await server.CreateAsync(new JsonObject { ["model"] = "x", ["files"] = files.DeepClone() });
        Assert.Equal("parsing GGUF", statuses[0]);
        Assert.StartsWith("error: " + error, statuses[^1], StringComparison.Ordinal);
        var whole = await server.PostAsync("/api/create", new JsonObject { ["model"] = "x", ["files"] = files, ["stream"] = false }.ToJsonString());
        Assert.Equal(HttpStatusCode.BadRequest, whole.Status);
        Assert.StartsWith(error, whole.Error(), StringComparison.Ordinal);
        Assert.Equal(before, store.Snapshot());
    }

    [Fact]
    public async Task FromFiles_NoOrTwoLanguageModels_Refused()
    {
        using var store = new HandWrittenStore();
        using var pair = new ScriptedModel("pair", sees: true);
        using var other = new ScriptedModel("other", sees: false);
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var eye = await server.UploadAsync(("mmproj.gguf", File.ReadAllBytes(pair.Files.MmprojPath!)));
        Assert.Equal("error: none of the files is a language model", (await server.CreateAsync(new JsonObject { ["model"] = "x", ["files"] = eye.DeepClone() }))[^1]);
        var two = await server.UploadAsync(("a.gguf", File.ReadAllBytes(pair.Files.ModelPath)), ("b.gguf", File.ReadAllBytes(other.Files.ModelPath)));
        Assert.Equal("error: more than one of the files is a language model", (await server.CreateAsync(new JsonObject { ["model"] = "x", ["files"] = two }))[^1]);

        // A projector for a model that has none.
        var statuses = await server.CreateAsync(new JsonObject { ["model"] = "x", ["from"] = "blind", ["files"] = eye });
        Assert.Equal("success", statuses[^1]);
        var show = (await server.PostAsync("/api/show", """{"model":"x"}""")).Json;
        Assert.Equal("""["completion","insert","vision"]""", show.GetProperty("capabilities").GetRawText());
    }

    [Fact]
    public async Task FromModelOutsideTheStore_FilesTakenInOnce()
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        Assert.Equal("success", (await server.CreateAsync(new JsonObject { ["model"] = "one", ["from"] = "eye", ["system"] = "One." }))[^1]);
        var statuses = await server.CreateAsync(new JsonObject { ["model"] = "two", ["from"] = "eye", ["system"] = "Two." });
        Assert.Equal(2, statuses.Count(static status => status.StartsWith("using existing layer", StringComparison.Ordinal)));
        var show = (await server.PostAsync("/api/show", """{"model":"two"}""")).Json;
        Assert.Equal(("Two.", """["completion","vision"]"""), (show.GetProperty("system").GetString(), show.GetProperty("capabilities").GetRawText()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExistingName_Replaced_OnlyItsOwnFilesGo(bool keeps)
    {
        using var store = new HandWrittenStore();
        store.AddLlava();
        var settings = store.Settings;
        settings["Llava:Models:NoPrune"] = keeps.ToString();
        await using var server = await ScriptedServer.StartAsync(settings: settings);
        await server.CreateAsync(new JsonObject { ["model"] = "Mine", ["from"] = "llava:7b", ["system"] = "Old words." });
        var before = store.Snapshot();
        await server.CreateAsync(new JsonObject { ["model"] = "mine", ["from"] = "mine", ["system"] = "New words." });
        var gone = before.Values.Except(store.Snapshot().Values).ToList();

        // System text, configuration and manifest of the former model; the manifest has the same name.
        Assert.Equal(keeps ? 1 : 3, gone.Count);
        Assert.True(File.Exists(Path.Combine(store.Root, "manifests/registry.ollama.ai/library/Mine/latest")));
        Assert.Equal("New words.", (await server.PostAsync("/api/show", """{"model":"mine"}""")).Json.GetProperty("system").GetString());
        Assert.Equal(HandWrittenStore.System, (await server.PostAsync("/api/show", """{"model":"llava:7b"}""")).Json.GetProperty("system").GetString());
    }

    [Fact]
    public async Task FromModelOfARegistry_PulledFirst()
    {
        using var store = new HandWrittenStore();
        await using var registry = await LocalRegistry.StartAsync();
        registry.Put("v1", 40_000);
        var settings = store.Settings;
        settings["Llava:Models:Registries"] = "";
        await using var server = await ScriptedServer.StartAsync(settings: settings);
        var request = new JsonObject { ["model"] = "mine", ["from"] = registry.Name("v1").Full, ["insecure"] = true, ["system"] = "Mine." };
        var statuses = await server.CreateAsync(request);
        Assert.Equal(["pulling manifest"], statuses[..1]);
        Assert.Contains(statuses, static status => status.StartsWith("pulling ", StringComparison.Ordinal) && status.Length == 20);
        Assert.Single(statuses, static status => status == "success");

        // A second time nothing is asked of the registry.
        var asked = registry.Requests.Count;
        Assert.Equal("using existing layer", (await server.CreateAsync(request))[0].Split(" sha256")[0]);
        Assert.Equal(asked, registry.Requests.Count);
    }

    [Fact]
    public async Task NotStreamed_OneObject()
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var reply = await server.PostAsync("/api/create", """{"model":"x","from":"eye","stream":false,"info":{"colour":"red"}}""");
        Assert.Equal((HttpStatusCode.OK, """{"status":"success"}"""), (reply.Status, reply.Body));
        Assert.Equal("info.colour", reply.Headers["llava-ignored-params"]);
    }
}
