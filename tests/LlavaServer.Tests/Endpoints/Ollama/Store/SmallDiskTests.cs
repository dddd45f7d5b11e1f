using System.Net;
using System.Security.Cryptography;
using LlavaServer.TestDisk;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>A store on a disk that is full, then on one that cannot be written: what is there is served, what changes it is refused.</summary>
public sealed class SmallDiskTests
{
    [Fact]
    public async Task STO11_STO16_UploadBeyondTheDisk_507AndTheServerGoesOn()
    {
        using var store = new HandWrittenStore();
        using var disk = new SmallDisk(store.Root);
        store.AddLlava();
        var before = store.Snapshot();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var bytes = new byte[2 << 20];
        var path = "/api/blobs/sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

        // With its length it is refused before it is read, without when the disk is full.
        using (var announced = await server.Client.PostAsync(path, new ByteArrayContent(bytes), TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.InsufficientStorage, announced.StatusCode);
        }

        using (var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(bytes) })
        {
            request.Headers.TransferEncodingChunked = true;
            using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
            var reply = await OllamaReply.FromAsync(response);
            reply.AssertError(HttpStatusCode.InsufficientStorage, "there is no space left for the model store");
        }

        Assert.Equal(before, store.Snapshot());
        Assert.Empty(Directory.GetFiles(Path.Combine(store.Root, "blobs"), ".*"));
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi"}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/copy", """{"source":"llava:7b","destination":"small"}""")).Status);
    }

    [Fact]
    public async Task STO11_CreateBeyondTheDisk_BytesToldAndNothingKept()
    {
        using var store = new HandWrittenStore();
        using var disk = new SmallDisk(store.Root);
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        LlavaServer.TestModels.RandomLanguageModel.Write(path, LlavaServer.TestModels.LanguageShape.Tiny, LlavaServer.Models.Quantization.QuantizationMix.Parse("F16"));
        var files = await server.UploadAsync(("model.gguf", File.ReadAllBytes(path)));
        File.Delete(path);

        // 293 KB in F16, twice that in F32, in which it fits once more into one MiB but not twice.
        Assert.Equal("success", (await server.CreateAsync(new System.Text.Json.Nodes.JsonObject { ["model"] = "x", ["files"] = files.DeepClone(), ["quantize"] = "F32" }))[^1]);
        var before = store.Snapshot();
        var statuses = await server.CreateAsync(new System.Text.Json.Nodes.JsonObject { ["model"] = "y", ["files"] = files, ["quantize"] = "BF16" });
        Assert.Matches("^error: there is no space left for the model store: [0-9]+ bytes are missing$", statuses[^1]);
        Assert.Equal(before, store.Snapshot());
        Assert.Equal("success", (await server.CreateAsync(new System.Text.Json.Nodes.JsonObject { ["model"] = "y", ["from"] = "x", ["system"] = "Small." }))[^1]);
    }

    [Fact]
    public async Task Disk_ThatCannotBeWritten_IsServed()
    {
        using var store = new HandWrittenStore();
        using var disk = new SmallDisk(store.Root);
        store.AddLlava();
        disk.Protect();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi"}""")).Status);
        const string error = "the model store cannot be written";
        (await server.PostAsync("/api/copy", """{"source":"llava:7b","destination":"x"}""")).AssertError(HttpStatusCode.Forbidden, error);
        (await server.PostAsync("/api/delete", """{"model":"llava:7b"}""", HttpMethod.Delete)).AssertError(HttpStatusCode.Forbidden, error);
        (await server.PostAsync("/api/blobs/sha256:" + new string('a', 64), "x")).AssertError(HttpStatusCode.Forbidden, error);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi"}""")).Status);
    }
}
