using System.Net;
using System.Security.Cryptography;
using LlavaServer.Tests.Scripted;
using OllamaSharp;
using OllamaSharp.Models;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>Copying, deleting and uploading over HTTP.</summary>
public sealed class StoreRoutesTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("POST", "/api/copy", "", HttpStatusCode.BadRequest, "missing request body")]
    [InlineData("POST", "/api/copy", "{}", HttpStatusCode.BadRequest, "source \"\" is invalid")]
    [InlineData("POST", "/api/copy", """{"source":"a b","destination":"c"}""", HttpStatusCode.BadRequest, "source \"a b\" is invalid")]
    [InlineData("POST", "/api/copy", """{"source":"a","destination":"../c"}""", HttpStatusCode.BadRequest, "destination \"../c\" is invalid")]
    [InlineData("POST", "/api/copy", """{"source":"a","destination":"c"}""", HttpStatusCode.NotFound, "model \"a\" not found")]
    [InlineData("POST", "/api/stop", "", HttpStatusCode.BadRequest, "missing request body")]
    [InlineData("POST", "/api/stop", """{"model":"nobody"}""", HttpStatusCode.NotFound, "model 'nobody' not found")]
    [InlineData("DELETE", "/api/delete", "", HttpStatusCode.BadRequest, "missing request body")]
    [InlineData("DELETE", "/api/delete", "{}", HttpStatusCode.BadRequest, "name \"\" is invalid")]
    [InlineData("DELETE", "/api/delete", """{"model":"a b"}""", HttpStatusCode.BadRequest, "name \"a b\" is invalid")]
    [InlineData("DELETE", "/api/delete", """{"model":"a"}""", HttpStatusCode.NotFound, "model 'a' not found")]
    [InlineData("DELETE", "/api/delete", """{"NAME":"user/a:B"}""", HttpStatusCode.NotFound, "model 'user/a:B' not found")]
    [InlineData("POST", "/api/blobs/sha256:0", "x", HttpStatusCode.BadRequest, "invalid digest format")]
    [InlineData("POST", "/api/blobs/..%2F..%2Fetc%2Fpasswd", "x", HttpStatusCode.BadRequest, "invalid digest format")]
    public async Task Request_Wrong_OllamasText(string method, string path, string json, HttpStatusCode status, string error)
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        (await server.PostAsync(path, json, new HttpMethod(method))).AssertError(status, error);
        Assert.Empty(store.Snapshot());
    }

    [Fact]
    public async Task CopyAndDelete_SharedFiles_GoWithTheirLastName()
    {
        using var store = new HandWrittenStore();
        var digest = store.AddLlava();
        var before = store.Snapshot();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        AssertDone(await server.PostAsync("/api/copy", """{"source":"LLAVA:7b","destination":"me/Mine"}"""));
        AssertDone(await server.PostAsync("/api/copy", """{"source":"me/mine:latest","destination":"ME/mine"}"""));
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"me/mine","prompt":"Hi"}""")).Status);
        var names = (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").EnumerateArray()
            .Where(model => model.GetProperty("digest").GetString() == digest).Select(static model => model.GetProperty("name").GetString()).Order();
        Assert.Equal(["llava:7b", "me/Mine:latest"], names);

        // The name goes at once, and the model leaves memory; the files stay for the other name.
        AssertDone(await server.PostAsync("/api/delete", """{"model":"me/mine"}""", HttpMethod.Delete));
        Assert.Equal(HttpStatusCode.NotFound, (await server.PostAsync("/api/generate", """{"model":"me/mine","prompt":"Hi"}""")).Status);
        Assert.Equal(before, store.Snapshot());
        Assert.False(Directory.Exists(Path.Combine(store.Root, "manifests/registry.ollama.ai/me")));
        for (var i = 0; (await server.SendAsync(HttpMethod.Get, "/api/ps")).Json.GetProperty("models").GetArrayLength() > 0; i++)
        {
            Assert.True(i < 500, "The deleted model stays in memory.");
            await Task.Delay(10, Cancelled);
        }

        AssertDone(await server.PostAsync("/api/delete", """{"model":"","name":"llava:7b"}""", HttpMethod.Delete));
        Assert.Empty(store.Snapshot());
        (await server.PostAsync("/api/delete", """{"model":"llava:7b"}""", HttpMethod.Delete)).AssertError(HttpStatusCode.NotFound, "model 'llava:7b' not found");
    }

    [Fact]
    public async Task STO14_Delete_WhileItAnswers_TheAnswerFinishes()
    {
        using var store = new HandWrittenStore();
        store.AddLlava();
        using var gate = new ManualResetEventSlim();
        var script = new ScriptedEngineFactory { OnDecode = _ => gate.Wait(TimeSpan.FromSeconds(30)) };
        await using var server = await ScriptedServer.StartAsync(script, store.Settings);
        var asking = server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi","stream":false}""");
        for (var i = 0; script.Steps == 0; i++)
        {
            Assert.True(i < 3000, "No step.");
            await Task.Delay(10, Cancelled);
        }

        AssertDone(await server.PostAsync("/api/delete", """{"model":"llava:7b"}""", HttpMethod.Delete));
        Assert.Empty(store.Snapshot());
        gate.Set();
        var answered = await asking;
        Assert.True(answered.Json.TryGetProperty("response", out var response), answered.Json.GetRawText());
        Assert.Equal("A red circle.", response.GetString());
    }

    [Fact]
    public async Task Copy_ModelOutsideTheStore_TakesItsFilesIn()
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        AssertDone(await server.PostAsync("/api/copy", """{"source":"eye","destination":"eye"}"""));
        Assert.Empty(store.Snapshot());
        AssertDone(await server.PostAsync("/api/copy", """{"source":"eye","destination":"my-eye"}"""));
        AssertDone(await server.PostAsync("/api/copy", """{"source":"blind","destination":"my-eye:text"}"""));
        var tags = (await server.SendAsync(HttpMethod.Get, "/api/tags")).Json.GetProperty("models").EnumerateArray().ToDictionary(static model => model.GetProperty("name").GetString()!);
        foreach (var (copy, original) in new[] { ("my-eye:latest", "eye:latest"), ("my-eye:text", "blind:latest") })
        {
            Assert.Equal(tags[original].GetProperty("capabilities").GetRawText(), tags[copy].GetProperty("capabilities").GetRawText());
            Assert.Equal(tags[original].GetProperty("details").GetRawText(), tags[copy].GetProperty("details").GetRawText());
        }

        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"my-eye","prompt":"Hi"}""")).Status);
        foreach (var (json, method) in new[] { ("""{"source":"my-eye","destination":"eye"}""", "POST"), ("""{"model":"eye"}""", "DELETE") })
        {
            var reply = await server.PostAsync(method == "POST" ? "/api/copy" : "/api/delete", json, new HttpMethod(method));
            Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
            Assert.Contains("model 'eye' is served from files outside the store", reply.Error(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Blob_ProbedUploadedAgain_201Then200()
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);

        // Larger than any limit on other bodies of Kestrel's; in chunks, as nobody says its length.
        var bytes = new byte[33 << 20];
        new Random(1).NextBytes(bytes);
        var hex = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.Equal(HttpStatusCode.NotFound, await ProbeAsync(server, "sha256:" + hex));
        Assert.Equal(HttpStatusCode.BadRequest, await ProbeAsync(server, "sha256:" + hex[1..]));
        using (var content = new StreamContent(new UnseekableStream(bytes)))
        {
            using var response = await server.Client.PostAsync($"/api/blobs/sha256-{hex.ToUpperInvariant()}", content, Cancelled);
            Assert.Equal((HttpStatusCode.Created, 0), (response.StatusCode, response.Content.Headers.ContentLength));
        }

        Assert.Equal([Path.Combine("blobs", "sha256-" + hex)], store.Snapshot().Keys);
        Assert.Equal(HttpStatusCode.OK, await ProbeAsync(server, "sha256:" + hex));
        using var again = await server.Client.PostAsync($"/api/blobs/sha256:{hex}", new ByteArrayContent(bytes), Cancelled);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task STO9_STO16_Upload_WrongOrBrokenOff_LeavesNothing()
    {
        using var store = new HandWrittenStore();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        var wanted = "sha256:" + new string('a', 64);
        var reply = await server.PostAsync("/api/blobs/" + wanted, "hello");
        reply.AssertError(HttpStatusCode.BadRequest, $"digest mismatch, expected \"{wanted}\", got \"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"");
        using (var leave = new CancellationTokenSource())
        {
            var body = new UnseekableStream(new byte[1 << 20]) { OnEnd = () => leave.Cancel() };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Client.PostAsync("/api/blobs/" + wanted, new StreamContent(body), leave.Token));
        }

        var announced = await Edge.RawHttp.ExchangeAsync(server.Address, $"POST /api/blobs/{wanted} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1125899906842624\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 507 ", announced, StringComparison.Ordinal);
        Assert.Contains("Models:Path", announced, StringComparison.Ordinal);
        for (var i = 0; Directory.Exists(Path.Combine(store.Root, "blobs")) && Directory.GetFiles(Path.Combine(store.Root, "blobs")).Length > 0; i++)
        {
            Assert.True(i < 500, "A broken upload stays.");
            await Task.Delay(10, Cancelled);
        }
    }

    [Fact]
    public async Task ReadOnly_Store_IsServedAndNotChanged()
    {
        using var store = new HandWrittenStore();
        store.AddLlava();
        var settings = store.Settings;
        settings["Llava:Models:ReadOnly"] = "true";
        var before = store.Snapshot();
        await using var server = await ScriptedServer.StartAsync(settings: settings);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", """{"model":"llava:7b","prompt":"Hi"}""")).Status);
        const string error = "the model store is read-only (Models:ReadOnly)";
        (await server.PostAsync("/api/copy", """{"source":"llava:7b","destination":"x"}""")).AssertError(HttpStatusCode.Forbidden, error);
        (await server.PostAsync("/api/copy", """{"source":"eye","destination":"x"}""")).AssertError(HttpStatusCode.Forbidden, error);
        (await server.PostAsync("/api/delete", """{"model":"llava:7b"}""", HttpMethod.Delete)).AssertError(HttpStatusCode.Forbidden, error);
        (await server.PostAsync("/api/blobs/sha256:" + new string('a', 64), "x")).AssertError(HttpStatusCode.Forbidden, error);
        Assert.Equal(before, store.Snapshot());
        Assert.Empty(Directory.GetFiles(store.Root));
    }

    [Fact]
    public async Task OllamaSharp_StoreCalls_Understood()
    {
        using var store = new HandWrittenStore();
        store.AddLlava();
        await using var server = await ScriptedServer.StartAsync(settings: store.Settings);
        using var client = new OllamaApiClient(server.Address);
        await client.CopyModelAsync(new CopyModelRequest { Source = "llava:7b", Destination = "second" }, Cancelled);
        Assert.Contains("second:latest", (await client.ListLocalModelsAsync(Cancelled)).Select(static model => model.Name));
        await client.DeleteModelAsync(new DeleteModelRequest { Model = "second" }, Cancelled);
        Assert.DoesNotContain("second:latest", (await client.ListLocalModelsAsync(Cancelled)).Select(static model => model.Name));
        var bytes = "some bytes"u8.ToArray();
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.False(await client.IsBlobExistsAsync(digest, Cancelled));
        await client.PushBlobAsync(digest, bytes, Cancelled);
        Assert.True(await client.IsBlobExistsAsync(digest, Cancelled));
        var show = await client.ShowModelAsync(new ShowModelRequest { Model = "llava:7b" }, Cancelled);
        Assert.Equal(HandWrittenStore.System, show.System);
        var statuses = new List<string?>();
        var request = new CreateModelRequest { Model = "made", From = "llava:7b", System = "Be brief.", Parameters = new Dictionary<string, object> { ["temperature"] = 0.5 } };
        await foreach (var step in client.CreateModelAsync(request, Cancelled))
        {
            statuses.Add(step?.Status);
        }

        Assert.Equal("success", statuses[^1]);
        Assert.Equal("Be brief.", (await client.ShowModelAsync(new ShowModelRequest { Model = "made" }, Cancelled)).System);
    }

    private static void AssertDone(OllamaReply reply) => Assert.Equal((HttpStatusCode.OK, ""), (reply.Status, reply.Body));

    private static async Task<HttpStatusCode> ProbeAsync(ScriptedServer server, string digest)
    {
        var reply = await server.SendAsync(HttpMethod.Head, "/api/blobs/" + digest);
        Assert.Equal("", reply.Body);
        return reply.Status;
    }

    private sealed class UnseekableStream(byte[] bytes) : Stream
    {
        private int _position;

        public Action? OnEnd { get; init; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = Math.Min(count, bytes.Length - _position);
            bytes.AsSpan(_position, read).CopyTo(buffer.AsSpan(offset));
            _position += read;
            if (read == 0)
            {
                OnEnd?.Invoke();
            }

            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
