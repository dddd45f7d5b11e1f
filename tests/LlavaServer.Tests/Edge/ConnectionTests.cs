using System.Diagnostics;
using System.Net;
using System.Text;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Edge;

/// <summary>Connections that are many, silent, or do not take their answer. Counts threads of the process, so nothing runs beside it.</summary>
[Collection(nameof(Alone))]
public sealed class ConnectionTests
{
    private const int Requests = 40;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NET3_ThousandIdleConnections_CostNoThreadAndDelayNobody()
    {
        await using var server = await ScriptedServer.StartAsync();
        await AskAsync(server);
        var alone = await AskAsync(server);
        var threads = ThreadPool.ThreadCount;
        var idle = new List<RawHttp>();
        try
        {
            for (var i = 0; i < 1000; i++)
            {
                idle.Add(RawHttp.Connect(server.Address));
            }

            // Half of them said something once; a request in the making is as silent as one never begun.
            foreach (var connection in idle.Take(500))
            {
                await connection.SendAsync("GET /v1/models HTTP/1.1\r\nHost: loc");
            }

            var beside = await AskAsync(server);

            // llama-server delays a request by 10 s behind 300 idle connections. The bound leaves room for other work on the machine.
            Assert.True(beside < (3 * alone) + TimeSpan.FromSeconds(5), $"{Requests} requests: {alone} alone, {beside} beside idle connections.");
            Assert.True(ThreadPool.ThreadCount <= threads + 16, $"{threads} threads before, {ThreadPool.ThreadCount} beside idle connections.");
        }
        finally
        {
            idle.ForEach(static connection => connection.Dispose());
        }

        await server.AssertIdleAsync();
    }

    [Fact]
    public async Task LIM1_SCH9_WriteStall_ClientThatTakesNothing_IsCutOffAndTheSlotFreed()
    {
        var script = new ScriptedEngineFactory { ContextLength = 200_000, Answer = static _ => new string('x', 190_000) };
        await using var server = await ScriptedServer.StartAsync(script, new Dictionary<string, string?>
        {
            ["Llava:Limits:WriteStall"] = "1s",
            ["Llava:Engine:Slots"] = "1",
            ["Llava:Engine:ContextLength"] = "200000",
        });
        foreach (var (path, body) in new[]
        {
            ("/v1/chat/completions", OpenAIServer.Question("\"stream\":true,\"max_tokens\":180000")),
            ("/api/chat", """{"model":"eye","messages":[{"role":"user","content":"x"}],"options":{"num_predict":180000}}"""),
        })
        {
            var before = script.Steps;
            using var silent = RawHttp.Connect(server.Address, receiveBuffer: 4096);
            await silent.SendAsync(
                $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

            while (script.Steps == before)
            {
                await Task.Delay(5, Cancelled);
            }

            // Only the cut can end it: the answer does not fit into the buffers on the way.
            await server.AssertIdleAsync();
            var rest = await silent.ReadAsync(5);
            Assert.True(silent.IsClosed);
            Assert.DoesNotContain("[DONE]", rest, StringComparison.Ordinal);
            Assert.DoesNotContain("\"done\":true", rest, StringComparison.Ordinal);
            Assert.InRange(script.Steps - before, 1, 179_000);
        }

        using var next = await OpenAIServer.PostAsync(server, OpenAIServer.Question("\"max_tokens\":2"));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task NET2_UploadAboveTheRate_Passes()
    {
        await using var server = await ScriptedServer.StartAsync(
            settings: new Dictionary<string, string?> { ["Llava:Limits:BodyGrace"] = "1s", ["Llava:Limits:BodyMinBytesPerSecond"] = "1024" });
        var body = OpenAIServer.Question() + new string(' ', 3 << 20);
        using var connection = RawHttp.Connect(server.Address);
        await connection.SendAsync(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        for (var sent = 0; sent < body.Length; sent += 128 << 10)
        {
            await connection.SendAsync(body[sent..Math.Min(body.Length, sent + (128 << 10))]);
            await Task.Delay(100, Cancelled);
        }

        Assert.Equal((int[])[200], RawHttp.Statuses(await connection.ReadAsync(10)));
    }

    [Fact]
    public async Task NET16_Http2_IsNotOfferedAndAFloodOfResetsIsHarmless()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var flood = RawHttp.Connect(server.Address);
        var frames = new StringBuilder("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0");
        for (var stream = 1; stream < 20_000; stream += 2)
        {
            var id = new string([(char)(stream >> 24), (char)(stream >> 16 & 255), (char)(stream >> 8 & 255), (char)(stream & 255)]);

            // HEADERS with ":method GET, :scheme http, :path /, :authority" as indexed fields, then RST_STREAM with CANCEL.
            frames.Append("\0\0\u0004\u0001\u0005").Append(id).Append("\u0082\u0086\u0084\u0001").Append("\0\0\u0004\u0003\0").Append(id).Append("\0\0\0\u0008");
        }

        await flood.SendAsync(frames.ToString());
        var received = await flood.ReadAsync(5);
        Assert.True(flood.IsClosed);
        Assert.All(RawHttp.Statuses(received), static status => Assert.True(status is 400 or 505, $"{status}"));
        Assert.DoesNotContain("Ollama is running", received, StringComparison.Ordinal);

        using var client = new HttpClient { BaseAddress = server.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, Cancelled));
        using var normal = await OpenAIServer.PostAsync(server, OpenAIServer.Question());
        Assert.Equal(HttpStatusCode.OK, normal.StatusCode);
        Assert.Equal(HttpVersion.Version11, normal.Version);
    }

    private static async Task<TimeSpan> AskAsync(ScriptedServer server)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Requests; i++)
        {
            using var response = await OpenAIServer.PostAsync(server, OpenAIServer.Question());
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        return watch.Elapsed;
    }
}
