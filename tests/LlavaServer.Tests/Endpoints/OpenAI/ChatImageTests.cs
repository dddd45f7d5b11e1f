using System.Net;
using LlavaServer.Tests.Scripted;
using SkiaSharp;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Pictures in requests: every accepted spelling, every refusal.</summary>
public sealed class ChatImageTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static readonly byte[] s_png = TestPictures.Encode(33, 21);
    private static readonly string s_base64 = Convert.ToBase64String(s_png);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> AcceptedParts()
    {
        var urlSafe = s_base64.Replace('+', '-').Replace('/', '_').TrimEnd('=');
        var lines = string.Join("\\r\\n", s_base64.Chunk(20).Select(static chunk => new string(chunk)));
        var percent = s_base64.Replace("+", "%2B", StringComparison.Ordinal).Replace("=", "%3D", StringComparison.Ordinal).Replace("/", "%2f", StringComparison.Ordinal);
        static string Url(string url) => $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}}""";
        return
        [
            Url("data:image/png;base64," + s_base64),
            Url("DATA:IMAGE/PNG;BASE64," + s_base64),
            Url("data:image/png;charset=utf-8;base64," + s_base64),
            Url("data:;base64," + s_base64),
            Url("data:text/html;base64," + s_base64),
            Url("data:image/jpeg;base64," + s_base64),
            Url("data:image/png;base64," + urlSafe),
            Url("data:image/png;base64," + lines),
            Url("data:image/png;base64, " + s_base64 + "\\n"),
            Url("data:image/png;base64," + percent),
            Url("data:image\\/png;base64," + s_base64.Replace("/", "\\/", StringComparison.Ordinal)),
            Url("data:image/png;base64," + s_base64.TrimEnd('=')),
            Url(s_base64),
            $$$"""{"type":"image_url","image_url":"data:image/png;base64,{{{s_base64}}}"}""",
            $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{s_base64}}}","detail":"high"}}""",
            $$$"""{"image_url":{"url":"data:image/png;base64,{{{s_base64}}}"}}""",
            $$$"""{"type":"input_image","image_url":"data:image/png;base64,{{{s_base64}}}","detail":"low"}""",
            $$$"""{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{s_base64}}}"}}""",
            $$$"""{"type":"image","source":{"type":"url","url":"data:image/png;base64,{{{s_base64}}}"}}""",
            $$$"""{"type":"file","file":{"file_data":"data:image/png;base64,{{{s_base64}}}","filename":"a.png"}}""",
        ];
    }

    [Theory]
    [MemberData(nameof(AcceptedParts))]
    public async Task IMG7_AcceptedSpelling_IsTheSamePicture(string part)
    {
        using var response = await server.PostAsync(OpenAIServer.Parts("{\"type\":\"text\",\"text\":\"q\"}," + part));
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.IsSuccessStatusCode, body);
        Assert.Contains("[33x21]", server.Script.LastPrompt, StringComparison.Ordinal);
        Assert.Contains("\"image_tokens\":4", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public async Task IMG6_FormatsUnderAnyMimeType_BytesDecide(SKEncodedImageFormat format)
    {
        var picture = Convert.ToBase64String(TestPictures.Encode(40, 24, format));
        foreach (var mime in (string[])["image/png", "image/gif", "application/pdf", ""])
        {
            using var response = await server.PostAsync(OpenAIServer.Parts($$$"""{"type":"image_url","image_url":{"url":"data:{{{mime}}};base64,{{{picture}}}"}}"""));
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
            Assert.Contains("[40x24]", server.Script.LastPrompt, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("data:image/png;base64,", "empty_image_file")]
    [InlineData("data:image/png;base64,====", "invalid_base64_image")]
    [InlineData("data:image/png;base64,!!!!", "invalid_base64_image")]
    [InlineData("data:image/png;base64,QQ=Q", "invalid_base64_image")]
    [InlineData("data:image/png;base64,QUJDR", "invalid_base64_image")]
    [InlineData("data:image/png;base64,QUJD%4", "invalid_base64_image")]
    [InlineData("data:image/png;base64,QUJDü", "invalid_base64_image")]
    [InlineData("data:image/png,QUJD", "invalid_value")]
    [InlineData("data:image/png;base64", "invalid_value")]
    [InlineData("data:", "invalid_value")]
    [InlineData("https://example.org/a.png", "invalid_image_url")]
    [InlineData("HTTP://127.0.0.1:99999/a.png", "invalid_image_url")]
    [InlineData("file:///etc/passwd", "invalid_image_url")]
    [InlineData("ftp://example.org/a.png", "invalid_image_url")]
    [InlineData("/etc/passwd", "invalid_image_url")]
    [InlineData("cat.png", "invalid_image_url")]
    [InlineData("", "invalid_image_url")]
    [InlineData("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", "invalid_image_url")]
    [InlineData("data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=", "unsupported_image_media_type")]
    [InlineData("data:application/pdf;base64,JVBERi0xLjcKJcK1wrYK", "unsupported_image_media_type")]
    [InlineData("data:image/tiff;base64,SUkqAAgAAAA=", "unsupported_image_media_type")]
    [InlineData("data:image/png;base64,anVzdCBzb21lIHRleHQsIG5vIHBpY3R1cmU=", "invalid_image_format")]
    [InlineData("data:image/png;base64,AAECAwQFBgcICQ==", "invalid_image_format")]
    [InlineData("data:image/png;base64,iVBORw0KGgo=", "image_parse_error")]
    public async Task IMG5_IMG7_RefusedPicture_NamesCodeAndPart(string url, string code)
    {
        foreach (var stream in (string[])["", ",\"stream\":true"])
        {
            using var response = await server.PostAsync(
                $$$"""{"model":"eye","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{"url":"{{{url}}}"}}]}]{{{stream}}}}""");
            await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, code, "messages[2].content[1].image_url.url");
        }
    }

    [Fact]
    public async Task IMG16_PictureForABlindModel_RefusedBeforeItIsLookedAt()
    {
        using var response = await server.PostAsync(OpenAIServer.Parts("""{"type":"image_url","image_url":{"url":"data:image/png;base64,!!"}}""", "blind"));
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "image_input_not_supported", "messages[0].content[0].image_url.url");
    }

    [Fact]
    public async Task LIM1_Images_LimitPassesOneMoreIsRefusedBeforeDecoding()
    {
        var part = $$$"""{"type":"image_url","image_url":{"url":"{{{TestPictures.DataUrl()}}}"}}""";
        using var atLimit = await server.PostAsync(OpenAIServer.Parts(string.Join(',', Enumerable.Repeat(part, 16))));
        Assert.True(atLimit.IsSuccessStatusCode, await atLimit.Content.ReadAsStringAsync(Cancelled));
        var broken = """{"type":"image_url","image_url":{"url":"data:image/png;base64,!!"}}""";
        using var tooMany = await server.PostAsync(OpenAIServer.Parts(string.Join(',', Enumerable.Repeat(broken, 17))));
        var message = await ErrorAssert.IsAsync(tooMany, HttpStatusCode.BadRequest, "too_many_images", "messages[0].content[0].image_url.url");
        Assert.Contains("Limits:Images", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LIM1_ImageBytes_OneMoreIsRefused()
    {
        await using var small = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Limits:ImageBytes"] = $"{s_png.Length + 1024}" });
        static string Part(byte[] bytes) => OpenAIServer.Parts($$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Convert.ToBase64String(bytes)}}}"}}""");
        using var atLimit = await OpenAIServer.PostAsync(small, Part([.. s_png, .. new byte[1024]]));
        Assert.NotEqual(HttpStatusCode.InternalServerError, atLimit.StatusCode);
        Assert.DoesNotContain("image_file_too_large", await atLimit.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        using var over = await OpenAIServer.PostAsync(small, Part([.. s_png, .. new byte[1025]]));
        var message = await ErrorAssert.IsAsync(over, HttpStatusCode.BadRequest, "image_file_too_large", "messages[0].content[0].image_url.url");
        Assert.Contains("Limits:ImageBytes", message, StringComparison.Ordinal);
    }
}
