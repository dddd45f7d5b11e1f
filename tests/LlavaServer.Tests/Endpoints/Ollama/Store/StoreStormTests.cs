using System.Net;
using System.Security.Cryptography;
using LlavaServer.Models.Store;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>Everything that changes models and everything that uses them, at once and against a few names.</summary>
public sealed class StoreStormTests
{
    private const int Clients = 8;
    private const int CallsEach = 60;
    private static readonly string[] s_names = ["one", "two", "three"];

    [Fact]
    public async Task STO14_AllVerbsAtOnce_NoServerErrorAndAWholeStore()
    {
        using var store = new HandWrittenStore();
        store.AddLlava();
        var kept = store.Snapshot();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var seen = new int[600];
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            for (var call = 0; call < CallsEach; call++)
            {
                var (what, status, body) = await CallAsync(server, random);
                Interlocked.Increment(ref seen[(int)status]);
                Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NotFound, $"{what}: {(int)status} {body}");
            }
        })));
        Assert.True(seen[200] > Clients * CallsEach / 4 && seen[404] > 0, $"{seen[200]} succeeded, {seen[404]} were not found.");
        await server.AssertIdleAsync();

        // What nobody changed is there, and everything named is whole.
        var files = store.Snapshot();
        Assert.All(kept, file => Assert.Equal(file.Value, files[file.Key]));
        var contents = new ModelStore(store.Root).Read();
        Assert.Empty(contents.Unreadable);
        foreach (var layer in contents.Models.SelectMany(static model => model.Manifest.Files))
        {
            Assert.Equal(layer.Digest.Hex, files[Path.Combine("blobs", layer.Digest.FileName)]);
        }

        foreach (var name in s_names)
        {
            await server.PostAsync("/api/delete", $$"""{"model":"{{name}}"}""", HttpMethod.Delete);
        }

        new ModelStore(store.Root).Prune(DateTimeOffset.UtcNow + TimeSpan.FromHours(2));
        Assert.Equal(kept, store.Snapshot());
    }

    private static async Task<(string What, HttpStatusCode Status, string Body)> CallAsync(ScriptedServer server, Random random)
    {
        var name = s_names[random.Next(s_names.Length)];
        var upload = new byte[random.Next(1, 4)];
        upload.AsSpan().Fill((byte)random.Next(4));
        var (method, path, body) = random.Next(11) switch
        {
            0 => ("POST", "/api/copy", $$"""{"source":"llava:7b","destination":"{{name}}"}"""),
            1 => ("POST", "/api/copy", $$"""{"source":"eye","destination":"{{name.ToUpperInvariant()}}"}"""),
            2 => ("POST", "/api/copy", $$"""{"source":"{{name}}","destination":"{{s_names[random.Next(s_names.Length)]}}"}"""),
            3 => ("DELETE", "/api/delete", $$"""{"model":"{{name}}"}"""),
            4 => ("POST", "/api/blobs/sha256:" + Convert.ToHexStringLower(SHA256.HashData(upload)), ""),
            5 => ("POST", "/api/generate", $$"""{"model":"{{name}}","prompt":"Hi","stream":false}"""),
            6 => ("POST", "/v1/chat/completions", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"Hi"}]}"""),
            7 => ("POST", "/api/create", $$"""{"model":"{{name}}","from":"llava:7b","system":"words {{random.Next(3)}}","stream":false}"""),
            8 => ("POST", "/api/create", $$"""{"model":"{{name}}","from":"eye","parameters":{"seed":{{random.Next(3)}}},"stream":false}"""),
            9 => ("POST", "/api/show", $$"""{"model":"{{name}}"}"""),
            _ => ("GET", "/api/tags", ""),
        };
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "GET" ? null : path.Contains("blobs", StringComparison.Ordinal) ? new ByteArrayContent(upload) : new StringContent(body);
        if (path.StartsWith("/v1", StringComparison.Ordinal))
        {
            request.Content!.Headers.ContentType = new("application/json");
        }

        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return ($"{method} {path} {body}", response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
