using System.Net;
using System.Text;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>A store of Ollama's first versions, with what later ones and other tools put beside it.</summary>
public sealed class OldStoreTests
{
    private const string Kinds = "application/vnd.ollama.image.";

    [Fact]
    public async Task STO15_VeryOldStore_ServesAndKeepsWhatItDoesNotKnow()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no colons in file names, and links need a privilege.");
        using var store = new HandWrittenStore();
        var weights = store.Blob(store.Weights);
        var prompt = store.Blob("OLD {{ .System }} Q: {{ .Prompt }} A:");
        var system = store.Blob("Be old.");
        var embed = store.Blob("vectors of a former version");
        var unknown = store.Blob("something of the future");
        var config = store.Blob("""{"model_format":"gguf","model_family":"llama","model_type":"7B","file_type":"Q4_0","rootfs":{"type":"layers","diff_ids":["sha256:x"]},"unknown":[1]}""");
        string[] layers =
        [
            HandWrittenStore.Layer("model", weights), HandWrittenStore.Layer("prompt", prompt), HandWrittenStore.Layer("system", system), HandWrittenStore.Layer("embed", embed),
            HandWrittenStore.Layer("model", unknown).Replace(Kinds + "model", "application/vnd.example.future", StringComparison.Ordinal),
        ];
        var digest = store.Manifest(
            "registry.ollama.ai/library/old/latest",
            $$"""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"{{config.Digest}}","size":{{config.Size}}},"layers":[{{string.Join(',', layers)}}],"annotations":{"x":"y"} }""");

        // One blob under its old name, one on another disk; all of them older than what a clean-up looks at.
        var blobs = Path.Combine(store.Root, "blobs");
        File.Move(PathOf(prompt), Path.Combine(blobs, prompt.Digest));
        var elsewhere = Path.Combine(store.Root, "elsewhere");
        File.Move(PathOf(weights), elsewhere);
        File.CreateSymbolicLink(PathOf(weights), elsewhere);
        foreach (var file in Directory.GetFiles(blobs))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-90));
        }

        for (var start = 0; start < 2; start++)
        {
            await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
            var model = (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").EnumerateArray().Single(static model => model.GetProperty("name").GetString() == "old:latest");
            Assert.Equal(digest, model.GetProperty("digest").GetString());
            Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"old","prompt":"Hi"}""")).Status);
            Assert.Contains("OLD Be old. Q: Hi A:", server.Script.LastPrompt, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/copy", """{"source":"old","destination":"new"}""")).Status);
            Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/delete", """{"model":"new"}""", HttpMethod.Delete)).Status);
        }

        Assert.Equal(
            new[] { weights, prompt, system, embed, unknown, config }.Select(static blob => blob.Digest.Replace(':', '-')).Order(StringComparer.Ordinal),
            Directory.GetFiles(blobs).Select(static file => Path.GetFileName(file)!).Where(static name => name[0] != '.').Order(StringComparer.Ordinal));
        Assert.Equal(elsewhere, File.ResolveLinkTarget(PathOf(weights), returnFinalTarget: true)!.FullName);
        Assert.Equal("something of the future", await File.ReadAllTextAsync(PathOf(unknown), Encoding.UTF8, TestContext.Current.CancellationToken));

        string PathOf((string Digest, long Size) blob) => Path.Combine(store.Root, "blobs", blob.Digest.Replace(':', '-'));
    }
}
