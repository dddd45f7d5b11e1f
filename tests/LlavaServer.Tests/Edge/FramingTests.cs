using LlavaServer.Tests.Endpoints.OpenAI;

namespace LlavaServer.Tests.Edge;

/// <summary>Requests whose end is doubtful, and bytes that are not HTTP.</summary>
public sealed class FramingTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private const string Smuggled = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string Post = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("Content-Length: 5, 6\r\n\r\nhello")]
    [InlineData("Content-Length: -5\r\n\r\nhello")]
    [InlineData("Content-Length: 0x5\r\n\r\nhello")]
    [InlineData("Content-Length: 5 5\r\n\r\nhello")]
    [InlineData("Content-Length: +5\r\n\r\nhello")]
    [InlineData("Content-Length: -0\r\n\r\n")]
    [InlineData("Content-Length: +0\r\n\r\n")]
    [InlineData("Content-Length: 5.0\r\n\r\nhello")]
    [InlineData("Content-Length: 5e0\r\n\r\nhello")]
    [InlineData("Content-Length: 0b5\r\n\r\nhello")]
    [InlineData("Content-Length: 5, 5\r\n\r\nhello")]
    [InlineData("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("Content-Length: \r\n\r\n")]
    [InlineData("Content-Length: five\r\n\r\nhello")]
    [InlineData("Content-Length: \u00b2\r\n\r\nhello")]
    [InlineData("Content-Length: 5;x\r\n\r\nhello")]
    [InlineData("Content-Length: 000000000000000000000000000005\r\n\r\nhello")]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\nhello")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloworld\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 5\n\nhello")]
    [InlineData("X: a\rb\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("X: a\r\n folded\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("X: a\0b\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("X Y: a\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData(": a\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("NoColon\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task NET4_DoubtfulFraming_OneRefusalAndClose(string rest)
    {
        using var connection = RawHttp.Connect(server.Server.Address);
        await connection.SendAsync(Post + rest + Smuggled);
        var received = await connection.ReadAsync(3);

        Assert.Equal((int[])[400], RawHttp.Statuses(received));
        Assert.True(connection.IsClosed, "The connection stayed open.");
        Assert.DoesNotContain("\"object\":\"list\"", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NET5_OversizedChunk_IsBadRequestInTheDialectOfThePath()
    {
        const string Chunk = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n";
        var openAI = await RawHttp.ExchangeAsync(server.Server.Address, Post + Chunk);
        var ollama = await RawHttp.ExchangeAsync(server.Server.Address, "POST /api/chat HTTP/1.1\r\nHost: localhost\r\n" + Chunk);

        Assert.Equal((int[])[400], RawHttp.Statuses(openAI));
        Assert.Contains("\"code\":\"invalid_json\"", openAI, StringComparison.Ordinal);
        Assert.Equal((int[])[400], RawHttp.Statuses(ollama));
        Assert.Contains("{\"error\":\"", ollama, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, 400, 431)]
    [InlineData(1, 40000, 431)]
    [InlineData(1, 1 << 20, 431)]
    public async Task NET6_HeaderBombs_AreRefused(int count, int length, int status)
    {
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('a', length)}\r\n"));
        var received = await RawHttp.ExchangeAsync(server.Server.Address, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
        Assert.Equal((int[])[status], RawHttp.Statuses(received));
    }

    [Fact]
    public async Task NET6_LongRequestLine_IsRefused()
    {
        var received = await RawHttp.ExchangeAsync(server.Server.Address, $"GET /{new string('a', 9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal((int[])[414], RawHttp.Statuses(received));
    }

    [Fact]
    public async Task NET7_ExpectContinueOverTheLimit_IsRefusedAtOnce()
    {
        var received = await RawHttp.ExchangeAsync(
            server.Server.Address, Post + "Content-Type: application/json\r\nContent-Length: 1099511627776\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal((int[])[413], RawHttp.Statuses(received));
        Assert.Contains("Connection: close", received, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Limits:MaxRequestBodyBytes", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NET7_ExpectContinueInsideTheLimit_GetsContinueAndAnswer()
    {
        var body = OpenAIServer.Question();
        using var connection = RawHttp.Connect(server.Server.Address);
        await connection.SendAsync(Post + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
        Assert.Equal((int[])[100], RawHttp.Statuses(await connection.ReadUntilAsync("\r\n\r\n")));
        await connection.SendAsync(body);
        Assert.Equal((int[])[200], RawHttp.Statuses(await connection.ReadAsync(5)));
    }

    [Theory]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")]
    [InlineData("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n")]
    public async Task NET19_UpgradeRequests_AreAnsweredAsPlainRequests(string headers)
    {
        var received = await RawHttp.ExchangeAsync(server.Server.Address, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
        Assert.Equal((int[])[200], RawHttp.Statuses(received));
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n")]
    public async Task NET20_NotHttp_RefusedOrClosed(string bytes)
    {
        using var connection = RawHttp.Connect(server.Server.Address);
        await connection.SendAsync(bytes);
        var received = await connection.ReadAsync(2, firstSeconds: 2);
        Assert.All(RawHttp.Statuses(received), static status => Assert.True(status is 400 or 505, $"{status}"));
        Assert.True(connection.IsClosed || received.Length == 0, received);
    }

    [Fact]
    public async Task Stream_OnTheWire_IsChunkedWithoutLength()
    {
        var body = OpenAIServer.Question("\"stream\":true");
        var received = await RawHttp.ExchangeAsync(
            server.Server.Address, Post + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}", 5);
        Assert.Equal((int[])[200], RawHttp.Statuses(received));
        Assert.Contains("Transfer-Encoding: chunked", received, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Content-Length", received, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("data: [DONE]\n\n\r\n0\r\n\r\n", received, StringComparison.Ordinal);
    }
}
