using System.Net;
using System.Text;
using System.Text.Json;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;
using SkiaSharp;

namespace LlavaServer.Tests.Edge;

/// <summary>
/// The table of limits, row by row: set by the environment, the value at the limit passes, one above is refused with status, code and the setting's name,
/// at bounded memory. Nothing runs beside it: environment and memory are the process's.
/// </summary>
[Collection(nameof(Alone))]
public sealed class LimitTableTests
{
    /// <summary>What a refused request may cost beside a few copies of its own bytes.</summary>
    private const long MemoryBeside = 8L << 20;

    private static readonly Dictionary<string, Row> s_rows = new()
    {
        ["MaxRequestBodyBytes"] = new("LLAVA_MAX_REQUEST_BYTES", "2KiB", Padded(2048), Padded(2049), 413, "request_too_large", "Limits:MaxRequestBodyBytes"),
        ["MaxRequestBodyBytes, generic name"] = new(
            "Llava__Limits__MaxRequestBodyBytes", "2KiB", Padded(2048), Padded(2049), 413, "request_too_large", "Limits:MaxRequestBodyBytes"),
        ["JsonDepth"] = new("Llava__Limits__JsonDepth", "20", Nested(20), Nested(21), 400, "invalid_json", "Limits:JsonDepth"),
        ["JsonTokens"] = new("Llava__Limits__JsonTokens", "1000", Values(900), Values(1001), 400, "invalid_json", "Limits:JsonTokens"),
        ["Messages"] = new("Llava__Limits__Messages", "3", Messages(3), Messages(4), 400, "invalid_value", "Limits:Messages"),
        ["Parts"] = new("Llava__Limits__Parts", "3", Parts(3), Parts(4), 400, "invalid_value", "Limits:Parts"),
        ["stop texts"] = new(null, null, Stops(16, 1), Stops(17, 1), 400, "invalid_value", "stop"),
        ["stop length"] = new(null, null, Stops(1, 1024), Stops(1, 1025), 400, "invalid_value", "stop"),
        ["logit_bias"] = new(null, null, Biases(1024), Biases(1025), 400, "invalid_value", "logit_bias"),
        ["context"] = new(null, null, OpenAIServer.Question(text: new string('a', 400)), OpenAIServer.Question(text: new string('a', 4_000_000)), 400, "context_length_exceeded", "context"),
        ["Images"] = new("LLAVA_MAX_IMAGES", "2", Pictures(2, 8, 8), Pictures(3, 8, 8), 400, "too_many_images", "Limits:Images"),
        ["ImageBytes"] = new(
            "LLAVA_MAX_IMAGE_BYTES", $"{2048}", PictureOfBytes(2048), PictureOfBytes(2049), 400, "image_file_too_large", "Limits:ImageBytes"),
        ["ImagePixels"] = new("LLAVA_MAX_IMAGE_PIXELS", "64", Pictures(1, 8, 8), Pictures(1, 13, 5), 400, "image_too_large", "Limits:ImagePixels"),
        ["ImageSide"] = new("Llava__Limits__ImageSide", "16", Pictures(1, 16, 2), Pictures(1, 2, 17), 400, "image_too_large", "Limits:ImageSide"),
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names() => [.. s_rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task LIM1_LIM2_Row_LimitPassesOneMoreIsRefusedByName(string name)
    {
        var row = s_rows[name];
        await using var server = await StartAsync(row);
        using (var passes = await OpenAIServer.PostAsync(server, row.AtLimit))
        {
            Assert.True(passes.IsSuccessStatusCode, await passes.Content.ReadAsStringAsync(Cancelled));
        }

        using (var first = await OpenAIServer.PostAsync(server, row.Above))
        {
            Assert.Equal(row.Status, (int)first.StatusCode);
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var refused = await OpenAIServer.PostAsync(server, row.Above);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        var body = await refused.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal(row.Status, (int)refused.StatusCode);
        Assert.Contains($"\"code\":\"{row.Code}\"", body, StringComparison.Ordinal);
        Assert.Contains(row.Setting, body, StringComparison.Ordinal);

        // Text is two bytes a character, and the client of this test holds it as well.
        Assert.True(allocated < MemoryBeside + (12L * row.Above.Length), $"{allocated} bytes for a body of {row.Above.Length}");
        await server.AssertIdleAsync();
    }

    [Fact]
    public async Task LIM1_KeepAliveTimeout_IdleConnectionIsClosed()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:KeepAliveTimeout"] = "1s" });
        using var connection = RawHttp.Connect(server.Address);
        await connection.SendAsync("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
        var received = await connection.ReadAsync(20);
        Assert.Equal((int[])[200], RawHttp.Statuses(received));
        Assert.True(connection.IsClosed);
    }

    [Fact]
    public async Task NET5_NET20_BrokenBodiesAndOtherProtocols_AreNotLoggedAsErrors()
    {
        var console = Console.Out;
        using var captured = new StringWriter();
        Console.SetOut(TextWriter.Synchronized(captured));
        try
        {
            await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Logging:Level"] = "warning" });
            foreach (var bytes in (string[])[
                "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
                "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a",
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "\0\0\0\0\r\n\r\n"])
            {
                using var connection = RawHttp.Connect(server.Address);
                await connection.SendAsync(bytes);
                await connection.ReadAsync(1, firstSeconds: 1);
            }
        }
        finally
        {
            Console.SetOut(console);
        }

        Assert.Empty(captured.ToString());
    }

    private static async Task<ScriptedServer> StartAsync(Row row)
    {
        if (row.Environment is null)
        {
            return await ScriptedServer.StartAsync();
        }

        Environment.SetEnvironmentVariable(row.Environment, row.Value);
        try
        {
            return await ScriptedServer.StartAsync();
        }
        finally
        {
            Environment.SetEnvironmentVariable(row.Environment, null);
        }
    }

    private static string Padded(int length)
    {
        var question = OpenAIServer.Question();
        return question + new string(' ', length - question.Length);
    }

    private static string Nested(int depth) => OpenAIServer.Question("\"metadata\":" + new string('[', depth - 1) + new string(']', depth - 1));

    private static string Values(int count) => OpenAIServer.Question("\"metadata\":[" + string.Join(',', Enumerable.Repeat("0", count)) + "]");

    private static string Messages(int count) =>
        $$"""{"model":"eye","messages":[{{string.Join(',', Enumerable.Repeat("{\"role\":\"user\",\"content\":\"x\"}", count))}}]}""";

    private static string Parts(int count) => OpenAIServer.Parts(string.Join(',', Enumerable.Repeat("{\"type\":\"text\",\"text\":\"x\"}", count)));

    private static string Stops(int count, int length) =>
        OpenAIServer.Question("\"stop\":" + JsonSerializer.Serialize(Enumerable.Range(0, count).Select(_ => new string('#', length))));

    private static string Biases(int count) =>
        OpenAIServer.Question("\"logit_bias\":[" + string.Join(',', Enumerable.Range(0, count).Select(static _ => "[5,1]")) + "]");

    private static string Pictures(int count, int width, int height) =>
        OpenAIServer.Parts(string.Join(',', Enumerable.Repeat(Part(TestPictures.Encode(width, height, SKEncodedImageFormat.Png)), count)));

    /// <summary>A picture with bytes behind its end, which no decoder minds.</summary>
    private static string PictureOfBytes(int length)
    {
        var bytes = TestPictures.Encode(8, 8, SKEncodedImageFormat.Png);
        return OpenAIServer.Parts(Part([.. bytes, .. new byte[length - bytes.Length]]));
    }

    private static string Part(byte[] bytes) => $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Convert.ToBase64String(bytes)}}}"}}""";

    /// <param name="Environment">Name that sets the limit; null for one that is not a setting.</param>
    /// <param name="Value">Of that name.</param>
    /// <param name="AtLimit">A request that passes.</param>
    /// <param name="Above">One that is refused.</param>
    /// <param name="Status">Of the refusal.</param>
    /// <param name="Code">Of the refusal.</param>
    /// <param name="Setting">What the refusal names.</param>
    private sealed record Row(string? Environment, string? Value, string AtLimit, string Above, int Status, string Code, string Setting);
}
