using System.Net;
using System.Text.Json.Nodes;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary><c>/api/create</c> over HTTP where weights change their form: quantized, merged, converted.</summary>
public sealed class CreateWeightsTests : IDisposable
{
    private readonly HandWrittenStore _store = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-create-");

    public void Dispose()
    {
        _store.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Quantize_EveryRecipe_BytesOfLlamaQuantize()
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        var files = await server.UploadAsync(("model.gguf", Random(LanguageShape.Tiny256, "F16")));
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Quantization", "llama-quantize.txt"))
            .Where(static line => line.StartsWith("tiny-256-f16 ", StringComparison.Ordinal)).Select(static line => line.Split(' ')).Where(static fields => fields[2] == "mix").ToList();
        Assert.True(lines.Count >= 12);
        foreach (var fields in lines)
        {
            var statuses = await server.CreateAsync(Request("x", files, fields[1].ToLowerInvariant()));
            Assert.Equal(["parsing GGUF", $"quantizing F16 model to {fields[1]}", "verifying conversion", $"creating new layer sha256:{fields[3]}"], statuses[..4]);
            Assert.Equal(("success", "sha256:" + fields[3]), (statuses[^1], ModelDigest("x")));
            Assert.Equal(fields[1], (await server.PostAsync("/api/show", """{"model":"x"}""")).Json.GetProperty("details").GetProperty("quantization_level").GetString());
        }

        // What is in that form already is not written again, and what is quantized is not quantized again.
        Assert.Equal(["parsing GGUF", "using existing layer"], (await server.CreateAsync(Request("x", files, "F16")))[..2].Select(static status => status.Split(" sha256")[0]));
        await server.CreateAsync(Request("x", files, "Q8_0"));
        var again = await server.PostAsync("/api/create", """{"model":"y","from":"x","quantize":"Q4_0","stream":false}""");
        again.AssertError(HttpStatusCode.InternalServerError, "quantization is only supported for F16, BF16 and F32 models");
    }

    [Fact]
    public async Task Quantize_StoredModelInItsPlace_ProgressGrowsAndFormerFileGoes()
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        var files = await server.UploadAsync(("model.gguf", Random(LanguageShape.Tiny256, "BF16")));
        await server.CreateAsync(new JsonObject { ["model"] = "x", ["files"] = files, ["system"] = "Stay." });
        var former = ModelDigest("x");
        var reply = await server.PostAsync("/api/create", """{"model":"x","from":"x","quantization":"Q4_K_M"}""");
        var steps = reply.Lines.Where(static line => line.GetProperty("status").GetString() == "quantizing BF16 model to Q4_K_M").ToList();
        Assert.All(steps, step => Assert.Equal(former, step.GetProperty("digest").GetString()));
        var done = steps.ConvertAll(static step => step.TryGetProperty("completed", out var completed) ? completed.GetInt64() : 0);
        Assert.Equal(done.Order(), done);
        Assert.Equal((0, steps[0].GetProperty("total").GetInt64()), (done[0], done[^1]));
        var show = (await server.PostAsync("/api/show", """{"model":"x"}""")).Json;
        Assert.Equal(("Stay.", "Q4_K_M"), (show.GetProperty("system").GetString(), show.GetProperty("details").GetProperty("quantization_level").GetString()));
        Assert.False(File.Exists(Blob(former)));
    }

    [Theory]
    [InlineData("Q4_0", float.NegativeInfinity)]
    [InlineData("Q4_0", float.NaN)]
    [InlineData("F16", float.NaN)]
    [InlineData("F16", 1e6f)]
    [InlineData("Q8_0", float.PositiveInfinity)]
    public async Task Quantize_WeightThatIsNoNumber_RefusedByTensorAndNothingKept(string recipe, float value)
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        var model = Random(LanguageShape.Tiny256, "F32");
        BitConverter.TryWriteBytes(model.AsSpan(model.Length - 4096), value);
        var files = await server.UploadAsync(("model.gguf", model));
        var before = _store.Snapshot();
        var statuses = await server.CreateAsync(Request("x", files, recipe));
        Assert.Matches($"^error: tensor '.*': has a weight that is not finite or too large for {recipe}$", statuses[^1]);
        Assert.Equal(before, _store.Snapshot());
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(_store.Root, "blobs")), static path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SplitModel_PartsMerged_OrTheMissingOneNamed()
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        File.WriteAllBytes(PathOf("whole.gguf"), Random(LanguageShape.Tiny, "F16"));
        using var whole = GgufFile.Open(PathOf("whole.gguf"));
        var parts = Enumerable.Range(0, 3).Select(part => ($"m-{part + 1:D5}-of-00003.gguf", Part(whole, part, 3))).ToArray();
        var files = await server.UploadAsync([parts[2], parts[0], parts[1]]);
        var statuses = await server.CreateAsync(Request("x", files, null));
        Assert.Contains("merging 3 GGUF files", statuses);
        using var merged = GgufFile.Open(Blob(ModelDigest("x")));
        Assert.Equal(whole.Tensors.Select(static tensor => tensor.ToString()), merged.Tensors.Select(static tensor => tensor.ToString()));
        Assert.Equal(Bytes(whole), Bytes(merged));
        Assert.False(merged.Metadata.Contains("split.count"));

        // Merged and quantized in one go: the same as from the whole file.
        await server.CreateAsync(Request("y", files, "Q4_0"));
        GgufQuantizer.Quantize(PathOf("whole.gguf"), PathOf("quantized.gguf"), QuantizationMix.Parse("Q4_0"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(PathOf("quantized.gguf")), File.ReadAllBytes(Blob(ModelDigest("y"))));
        files.Remove("m-00002-of-00003.gguf");
        var refused = await server.PostAsync("/api/create", Request("z", files, null, stream: false).ToJsonString());
        refused.AssertError(HttpStatusCode.BadRequest, "part 2 of 3 of the split model 'm-of-00003.gguf' is missing");
    }

    [Fact]
    public async Task Checkpoint_LlavaInShards_AsTheImporterWritesIt()
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        new TinyCheckpoint { Sharded = true, Type = "BF16" }.Write(PathOf("in"));
        var files = await UploadFolderAsync(server, "in");
        HuggingFaceImporter.Import(PathOf("in"), PathOf("model.gguf"), PathOf("mmproj.gguf"), TensorType.F16, "tiny", TestContext.Current.CancellationToken);
        var statuses = await server.CreateAsync(Request("tiny", files, null));
        Assert.Equal(["converting model", "verifying conversion", "creating new layer", "creating new layer", "writing manifest", "success"], statuses.Select(static status => status.Split(" sha256")[0]));
        Assert.Equal(File.ReadAllBytes(PathOf("model.gguf")), File.ReadAllBytes(Blob(ModelDigest("tiny"))));
        Assert.Equal(File.ReadAllBytes(PathOf("mmproj.gguf")), File.ReadAllBytes(Blob(ModelDigest("tiny", layer: 1))));
        Assert.Equal("""["completion","vision"]""", (await server.PostAsync("/api/show", """{"model":"tiny"}""")).Json.GetProperty("capabilities").GetRawText());

        HuggingFaceImporter.Import(PathOf("in"), PathOf("model.gguf"), PathOf("mmproj.gguf"), TensorType.Q8_0, "small", TestContext.Current.CancellationToken);
        statuses = await server.CreateAsync(Request("small", files, "Q8_0"));
        Assert.Equal("quantizing BF16 model to Q8_0", statuses[0]);
        Assert.Equal(File.ReadAllBytes(PathOf("model.gguf")), File.ReadAllBytes(Blob(ModelDigest("small"))));
    }

    [Fact]
    public async Task Checkpoint_NamesAndConfigurationOfLlavaHf_ScaledDown()
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        RealCheckpoint.WriteSmall(PathOf("in"));
        var statuses = await server.CreateAsync(Request("llava-hf", await UploadFolderAsync(server, "in"), "Q4_0"));
        Assert.Equal(("quantizing F16 model to Q4_0", "success"), (statuses[0], statuses[^1]));
        var show = (await server.PostAsync("/api/show", """{"model":"llava-hf"}""")).Json;
        Assert.Equal("""["llama","clip"]""", show.GetProperty("details").GetProperty("families").GetRawText());
        Assert.Equal(32, show.GetProperty("model_info").GetProperty("llama.block_count").GetInt32());
        Assert.Equal(291, show.GetProperty("tensors").GetArrayLength());
        Assert.Equal(23, show.GetProperty("projector_info").GetProperty("clip.vision.block_count").GetInt32());
    }

    [Theory]
    [InlineData("LlamaForCausalLM", "llama")]
    [InlineData("MistralForCausalLM", "mistral")]
    public async Task Checkpoint_LanguageModelAlone_NoProjector(string architecture, string type)
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        WriteLanguageModel(PathOf("in"), architecture, type);
        Assert.Equal("success", (await server.CreateAsync(Request("plain", await UploadFolderAsync(server, "in"), null)))[^1]);
        var show = (await server.PostAsync("/api/show", """{"model":"plain"}""")).Json;
        Assert.Equal("""["completion"]""", show.GetProperty("capabilities").GetRawText());
        Assert.Equal("""["llama"]""", show.GetProperty("details").GetProperty("families").GetRawText());
    }

    [Theory]
    [InlineData("config.json", "config.json: is missing")]
    [InlineData("tokenizer.model", "tokenizer.model and tokenizer.json: both are missing")]
    public async Task Checkpoint_FileMissing_RefusedByName(string name, string error)
    {
        await using var server = await ScriptedServer.StartAsync(settings: _store.Settings);
        new TinyCheckpoint().Write(PathOf("in"));
        File.Delete(Path.Combine(PathOf("in"), name));
        var before = await UploadFolderAsync(server, "in");
        (await server.PostAsync("/api/create", Request("x", before, null, stream: false).ToJsonString())).AssertError(HttpStatusCode.BadRequest, error);
    }

    private static void WriteLanguageModel(string folder, string architecture, string type)
    {
        var checkpoint = new TinyCheckpoint();
        foreach (var name in checkpoint.Tensors.Keys.Where(static name => !name.StartsWith("language_model.", StringComparison.Ordinal)).ToList())
        {
            checkpoint.Tensors.Remove(name);
        }

        checkpoint.Rename(static name => name["language_model.".Length..]);
        var text = checkpoint.Config["text_config"]!.DeepClone().AsObject();
        checkpoint.Config.Clear();
        foreach (var (name, value) in text)
        {
            checkpoint.Config[name] = value?.DeepClone();
        }

        (checkpoint.Config["architectures"], checkpoint.Config["model_type"]) = (new JsonArray(architecture), type);
        checkpoint.Write(folder);
    }

    private static JsonObject Request(string model, JsonObject files, string? quantize, bool stream = true) =>
        new() { ["model"] = model, ["files"] = files.DeepClone(), ["quantize"] = quantize, ["stream"] = stream };

    private static byte[] Part(GgufFile whole, int part, int count)
    {
        var writer = new GgufWriter();
        if (part == 0)
        {
            writer.CopyMetadata(whole.Metadata);
        }

        writer.AddUInt16("split.no", (ushort)part);
        writer.AddUInt16("split.count", (ushort)count);
        writer.AddInt32("split.tensors.count", whole.Tensors.Count);
        foreach (var tensor in whole.Tensors.Skip(part * whole.Tensors.Count / count).Take(((part + 1) * whole.Tensors.Count / count) - (part * whole.Tensors.Count / count)))
        {
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Shape, Bytes(tensor));
        }

        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    private static byte[] Bytes(GgufFile file) => [.. file.Tensors.SelectMany(Bytes)];

    private static unsafe byte[] Bytes(GgufTensor tensor) => new ReadOnlySpan<byte>(tensor.Pointer, (int)tensor.ByteCount).ToArray();

    private byte[] Random(LanguageShape shape, string type)
    {
        RandomLanguageModel.Write(PathOf("random.gguf"), shape, QuantizationMix.Parse(type));
        return File.ReadAllBytes(PathOf("random.gguf"));
    }

    private Task<JsonObject> UploadFolderAsync(ScriptedServer server, string folder) =>
        server.UploadAsync([.. Directory.GetFiles(PathOf(folder)).Select(static path => (Path.GetFileName(path), File.ReadAllBytes(path)))]);

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private string Blob(string digest) => Path.Combine(_store.Root, "blobs", digest.Replace(':', '-'));

    private string ModelDigest(string name, int layer = 0) =>
        (string)JsonNode.Parse(File.ReadAllText(Path.Combine(_store.Root, "manifests/registry.ollama.ai/library", name, "latest")))!["layers"]![layer]!["digest"]!;
}
