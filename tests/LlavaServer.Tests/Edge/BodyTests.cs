using System.Net;
using System.Text;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Edge;

/// <summary>Reading of request bodies: size, pace, codings, content types, and what is JSON.</summary>
public sealed class BodyTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("application/json", 200)]
    [InlineData("application/json; charset=utf-8", 200)]
    [InlineData("application/vnd.api+json", 200)]
    [InlineData("text/plain", 200)]
    [InlineData("application/x-www-form-urlencoded", 200)]
    [InlineData(null, 200)]
    [InlineData("multipart/form-data; boundary=x", 415)]
    [InlineData("application/xml", 415)]
    [InlineData("not a type", 415)]
    public async Task Post_ContentType_ReadOrRefused(string? type, int status)
    {
        using var response = await PostAsync(Encoding.UTF8.GetBytes(OpenAIServer.Question()), type);
        Assert.Equal(status, (int)response.StatusCode);
        if (status == 415)
        {
            await ErrorAssert.IsAsync(response, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type", null);
        }
    }

    [Fact]
    public async Task Post_RealFormOrText_Refused()
    {
        using var response = await PostAsync("model=eye&messages=x"u8.ToArray(), "application/x-www-form-urlencoded");
        await ErrorAssert.IsAsync(response, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type", null);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task NET8_CompressedBody_IsRead(string coding)
    {
        using var response = await PostAsync(Compressed.By(coding, Encoding.UTF8.GetBytes(OpenAIServer.Question())), "application/json", coding);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("zstd", 415)]
    [InlineData("gzip, gzip", 415)]
    [InlineData("gzip", 400)]
    [InlineData("br", 400)]
    [InlineData("deflate", 400)]
    public async Task NET8_UnknownCodingOrDamagedData_Refused(string coding, int status)
    {
        using var response = await PostAsync("this is not compressed"u8.ToArray(), "application/json", coding);
        await ErrorAssert.IsAsync(response, (HttpStatusCode)status, status == 415 ? "unsupported_media_type" : "invalid_json", null);
    }

    [Fact]
    public async Task LIM1_LIM2_MaxRequestBodyBytes_LimitPassesOneMoreIsRefusedTenTimesOfTen()
    {
        const int Limit = 2 << 20;
        await using var small = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:MaxRequestBodyBytes"] = "2MiB" });
        var question = OpenAIServer.Question();
        using var atLimit = await OpenAIServer.PostAsync(small, question + new string(' ', Limit - question.Length));
        Assert.Equal(HttpStatusCode.OK, atLimit.StatusCode);
        using var over = await OpenAIServer.PostAsync(small, question + new string(' ', Limit - question.Length + 1));
        var message = await ErrorAssert.IsAsync(over, HttpStatusCode.RequestEntityTooLarge, "request_too_large", null);
        Assert.Contains("2097152", message, StringComparison.Ordinal);
        Assert.Contains("Limits:MaxRequestBodyBytes", message, StringComparison.Ordinal);
        for (var i = 0; i < 10; i++)
        {
            using var content = new ByteArrayContent(new byte[30 << 20]);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
            request.Headers.TransferEncodingChunked = i % 2 == 0;
            using var response = await small.Client.SendAsync(request, Cancelled);
            await ErrorAssert.IsAsync(response, HttpStatusCode.RequestEntityTooLarge, "request_too_large", null);
        }
    }

    [Theory]
    [InlineData("Content-Length: 100000\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n", "1\r\n")]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 100000\r\n", "")]
    public async Task NET2_DrippingBody_EndsWithBadRequestAndClose(string headers, string prefix)
    {
        await using var impatient = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:BodyGrace"] = "1s" });
        using var connection = RawHttp.Connect(impatient.Address);
        await connection.SendAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + headers + "\r\n");
        using var stop = new CancellationTokenSource();
        var drip = DripAsync(connection, prefix + " " + (prefix.Length > 0 ? "\r\n" : ""), stop.Token);
        var received = await connection.ReadAsync(15);
        await stop.CancelAsync();
        await drip;

        Assert.Equal((int[])[400], RawHttp.Statuses(received));
        Assert.Contains("\"code\":\"request_too_slow\"", received, StringComparison.Ordinal);
        Assert.True(connection.IsClosed);
    }

    [Fact]
    public async Task NET1_DrippingHeaders_ClosedAndOthersServed()
    {
        await using var impatient = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:HeadersTimeout"] = "2s" });
        var dripping = Enumerable.Range(0, 200).Select(_ => RawHttp.Connect(impatient.Address)).ToList();
        foreach (var connection in dripping)
        {
            await connection.SendAsync("GET /v1/models HTTP/1.1\r\nHost: local");
        }

        using var beside = await OpenAIServer.PostAsync(impatient, OpenAIServer.Question());
        Assert.Equal(HttpStatusCode.OK, beside.StatusCode);
        foreach (var connection in dripping)
        {
            await connection.ReadAsync(20);
            Assert.True(connection.IsClosed);
            connection.Dispose();
        }
    }

    [Fact]
    public async Task LIM1_Connections_OneMoreIsClosedAtOnce()
    {
        await using var tiny = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:Connections"] = "3" });
        using var first = RawHttp.Connect(tiny.Address);
        using var second = RawHttp.Connect(tiny.Address);
        using var third = RawHttp.Connect(tiny.Address);
        foreach (var connection in (RawHttp[])[first, second, third])
        {
            await connection.SendAsync("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal((int[])[200], RawHttp.Statuses(await connection.ReadUntilAsync("\"object\":\"list\"")));
        }

        using var fourth = RawHttp.Connect(tiny.Address);
        await fourth.SendAsync("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Empty(RawHttp.Statuses(await fourth.ReadAsync(3)));
        Assert.True(fourth.IsClosed);
    }

    private async Task<HttpResponseMessage> PostAsync(byte[] body, string? type, string? coding = null)
    {
        using var content = new ByteArrayContent(body);
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (coding is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        }

        return await server.Server.Client.PostAsync("/v1/chat/completions", content, Cancelled);
    }

    private static async Task DripAsync(RawHttp connection, string piece, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await connection.SendAsync(piece);
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
