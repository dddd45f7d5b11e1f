using System.Net;
using LlavaServer.Tests.Scripted;
using SkiaSharp;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaImagesTests
{
    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public async Task Generate_Picture_Seen(SKEncodedImageFormat format)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"What?","stream":false,"images":["{{Picture(30, 20, format)}}"]}""");
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("<s>USER: [30x20]\nWhat? ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Chat_SeveralPicturesAndTurns_EachAtItsMessage()
    {
        await using var server = await ScriptedServer.StartAsync();
        await server.PostAsync("/api/chat", $$"""
            {"model":"eye","messages":[{"role":"user","content":"A?","images":["{{Picture(3, 4)}}","{{Picture(5, 6)}}"]},
             {"role":"assistant","content":"a"},{"role":"user","content":"B?","images":["{{Picture(7, 8)}}"]}]}
            """);
        Assert.Equal("<s>USER: [3x4]\n[5x6]\nA? ASSISTANT: a</s>USER: [7x8]\nB? ASSISTANT:", server.Script.LastPrompt);
    }

    [Fact]
    public async Task Raw_Picture_InFrontAfterBos()
    {
        await using var server = await ScriptedServer.StartAsync();
        await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","raw":true,"images":["{{Picture(3, 4)}}"]}""");
        Assert.Equal("<s>[3x4]\nQ", server.Script.LastPrompt);
    }

    [Fact]
    public async Task IMG7_Base64_SpellingsOfTheDialect_Accepted()
    {
        await using var server = await ScriptedServer.StartAsync();
        var plain = Picture(3, 4);
        string[] spellings =
        [
            plain,
            "data:image/png;base64," + plain,
            "DATA:;charset=utf-8;BASE64," + plain,
            plain.TrimEnd('='),
            plain.Replace('+', '-').Replace('/', '_'),
            string.Join("\\r\\n", plain.Chunk(76).Select(static line => new string(line))),
            " " + plain + " ",
        ];
        foreach (var spelling in spellings)
        {
            var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","stream":false,"images":["{{spelling}}"]}""");
            Assert.True(reply.Status == HttpStatusCode.OK, $"{spelling[..30]}: {reply.Body}");
        }
    }

    [Theory]
    [InlineData("null", "images[0]: empty image")]
    [InlineData("\"\"", "images[0]: empty image")]
    [InlineData("\"data:image/png;base64,\"", "images[0]: empty image")]
    [InlineData("\"n*t base64\"", "images[0]: invalid base64")]
    [InlineData("\"A\"", "images[0]: invalid base64")]
    public async Task IMG7_Base64_Wrong_400WithIndex(string image, string error)
    {
        await using var server = await ScriptedServer.StartAsync();
        (await server.PostAsync("/api/generate", $$"""{"model":"nothing","prompt":"Q","images":[{{image}}]}""")).AssertError(HttpStatusCode.BadRequest, error);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/a.png")]
    [InlineData("https://example.org/a.png")]
    [InlineData("file:///etc/passwd")]
    public async Task IMG12_Address_NotFetched(string address)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","images":["{{address}}"]}""");
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.StartsWith("Invalid image URL in 'images[0]'. This server does not ", reply.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG4_CutPicture_400Corrupt()
    {
        await using var server = await ScriptedServer.StartAsync();
        var bytes = PictureBytes(64, 64, SKEncodedImageFormat.Png);
        var reply = await AskAsync(server, bytes[..(bytes.Length / 2)]);
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.StartsWith("messages[0].images[0]: image is corrupt", reply.Error(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'/>")]
    [InlineData("%PDF-1.7 and more of it")]
    [InlineData("just some text, no picture")]
    public async Task IMG5_OtherFile_400UnsupportedFormat(string content)
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await AskAsync(server, System.Text.Encoding.ASCII.GetBytes(content));
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.StartsWith("messages[0].images[0]: ", reply.Error(), StringComparison.Ordinal);
        Assert.Contains("unsupported image format", reply.Error(), StringComparison.Ordinal);
        Assert.Equal(0, server.Script.Steps);
    }

    [Fact]
    public async Task IMG1_HugeHeaderTinyFile_400TooLarge()
    {
        await using var server = await ScriptedServer.StartAsync();
        var bytes = PictureBytes(8, 8, SKEncodedImageFormat.Png);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), 60_000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), 60_000);
        var reply = await AskAsync(server, bytes);
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.StartsWith("messages[0].images[0]: image too large", reply.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG16_PictureForTextModel_400BeforeLoad()
    {
        await using var server = await ScriptedServer.StartAsync();
        var reply = await server.PostAsync("/api/generate", $$"""{"model":"blind","prompt":"Q","images":["{{Picture(3, 4)}}"]}""");
        reply.AssertError(HttpStatusCode.BadRequest, "\"blind\" does not support image input");
        Assert.Equal(0, server.Script.Loads);
    }

    [Fact]
    public async Task LIM1_Images_OneOverLimitRefusedUndecoded()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:Images"] = "2" });
        var two = string.Join(',', Enumerable.Repeat($"\"{Picture(3, 4)}\"", 2));
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","images":[{{two}}]}""")).Status);
        var reply = await server.PostAsync("/api/chat", $$"""
            {"model":"eye","messages":[{"role":"user","content":"Q","images":[{{two}}]},{"role":"user","content":"Q","images":["not base64"]}]}
            """);
        reply.AssertError(HttpStatusCode.BadRequest, "The request has 3 images; at most 2 are allowed (Limits:Images).");
    }

    [Fact]
    public async Task LIM1_ImageBytes_OneOverLimitRefused()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:ImageBytes"] = "2000" });
        var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","images":["{{OllamaWire.Base64(new byte[2001])}}"]}""");
        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains("Limits:ImageBytes", reply.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_Picture_RowsCountAsPromptTokens()
    {
        await using var server = await ScriptedServer.StartAsync();
        var without = await server.PostAsync("/api/generate", """{"model":"eye","prompt":"\nQ","stream":false}""");
        var with = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","stream":false,"images":["{{Picture(3, 4)}}"]}""");
        Assert.Equal(
            without.Json.GetProperty("prompt_eval_count").GetInt32() + ScriptedVisionEncoder.Rows, with.Json.GetProperty("prompt_eval_count").GetInt32());
    }

    [Fact]
    public async Task IMG10_TwoPicturesOneQuestion_NeverMixedUp()
    {
        var script = new ScriptedEngineFactory { Answer = static prompt => prompt[(prompt.IndexOf('[', StringComparison.Ordinal) + 1)..prompt.IndexOf(']', StringComparison.Ordinal)] };
        await using var server = await ScriptedServer.StartAsync(script);
        var answers = await Task.WhenAll(Enumerable.Range(1, 12).Select(async i =>
        {
            var reply = await server.PostAsync("/api/generate", $$"""{"model":"eye","prompt":"Q","stream":false,"images":["{{Picture((i % 3) + 1, 2)}}"]}""");
            return (Expected: $"{(i % 3) + 1}x2", Actual: reply.Json.GetProperty("response").GetString());
        }));
        Assert.All(answers, static answer => Assert.Equal(answer.Expected, answer.Actual));
    }

    private static Task<OllamaReply> AskAsync(ScriptedServer server, byte[] picture) => server.PostAsync(
        "/api/chat", $$"""{"model":"eye","messages":[{"role":"user","content":"Q","images":["{{OllamaWire.Base64(picture)}}"]}]}""");

    private static string Picture(int width, int height, SKEncodedImageFormat format = SKEncodedImageFormat.Png) =>
        OllamaWire.Base64(PictureBytes(width, height, format));

    private static byte[] PictureBytes(int width, int height, SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888));
        for (var i = 0; i < width * height; i++)
        {
            bitmap.SetPixel(i % width, i / width, new SKColor((byte)(i * 31), (byte)(i * 7), (byte)i));
        }

        using var data = bitmap.Encode(format, 90);
        return data.ToArray();
    }
}
