using System.IO.Compression;
using System.Net;
using System.Text.Json;
using LlavaServer.Page;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Page;

/// <summary>The chat page as it leaves the server.</summary>
public sealed class PageTests
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task T27_W20_PageAndFiles_HaveTheHeadersExactly()
    {
        await using var server = await ScriptedServer.StartAsync();
        foreach (var path in new PageFiles().Paths.Append("/ui.json").Append("/"))
        {
            using var response = await GetAsync(server, path, "text/html");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(Policy, Header(response, "Content-Security-Policy"));
            Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
            Assert.Equal("no-referrer", Header(response, "Referrer-Policy"));
            Assert.Equal("camera=(self), microphone=(), geolocation=(), payment=(), usb=()", Header(response, "Permissions-Policy"));
            Assert.Equal("same-origin", Header(response, "Cross-Origin-Opener-Policy"));
            Assert.Equal("same-origin", Header(response, "Cross-Origin-Resource-Policy"));
            Assert.Equal("no-cache", Header(response, "Cache-Control"));
            Assert.StartsWith("\"", Header(response, "ETag"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/index.html", "text/html")]
    [InlineData("/chat.js", "text/javascript")]
    [InlineData("/chat.css", "text/css")]
    [InlineData("/vendor/preact.mjs", "text/javascript")]
    [InlineData("/examples/shapes.png", "image/png")]
    [InlineData("/icon.svg", "image/svg+xml")]
    [InlineData("/ui.json", "application/json")]
    public async Task W21_File_HasItsType(string path, string type)
    {
        await using var server = await ScriptedServer.StartAsync();
        using var response = await GetAsync(server, path, "*/*");
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task W21_Coding_IsTheSameContent(string coding)
    {
        await using var server = await ScriptedServer.StartAsync();
        var plain = await server.Client.GetByteArrayAsync(new Uri("/chat.css", UriKind.Relative), Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/chat.css") { Headers = { { "Accept-Encoding", coding } } };
        using var response = await server.Client.SendAsync(request, Cancellation);
        Assert.Equal(coding, Assert.Single(response.Content.Headers.ContentEncoding));
        Assert.Contains("Accept-Encoding", response.Headers.Vary);
        var packed = await response.Content.ReadAsStreamAsync(Cancellation);
        await using Stream open = coding == "br" ? new BrotliStream(packed, CompressionMode.Decompress) : new GZipStream(packed, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        await open.CopyToAsync(memory, Cancellation);
        Assert.Equal(plain, memory.ToArray());
        Assert.True(response.Content.Headers.ContentLength < plain.Length);
    }

    [Fact]
    public async Task W21_KnownFile_IsNotSentAgain()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var first = await GetAsync(server, "/chat.js", "*/*");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/chat.js") { Headers = { { "If-None-Match", Header(first, "ETag") } } };
        using var second = await server.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", true)]
    public async Task T27_W22_Root_AnswersThePageToBrowsersOnly(string? accept, bool isPage)
    {
        await using var server = await ScriptedServer.StartAsync();
        using var response = await GetAsync(server, "/", accept);
        var text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal(isPage, text.Contains("<div id=\"page\"", StringComparison.Ordinal));
        Assert.Equal(!isPage, text == "Ollama is running");
        Assert.Contains("Accept", response.Headers.Vary);
    }

    [Fact]
    public async Task T27_W22_Disabled_LeavesThePlainAnswer()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Web:Enabled"] = "false" });
        foreach (var path in (string[])["/index.html", "/chat.js", "/ui.json", "/vendor/preact.mjs"])
        {
            using var response = await GetAsync(server, path, "text/html");
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }

        using var root = await GetAsync(server, "/", "text/html");
        Assert.Equal("Ollama is running", await root.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task W25_Page_NeedsNoKey()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Security:ApiKeys"] = "web:sk-0123456789abcdef0123" });
        using var page = await GetAsync(server, "/", "text/html");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var settings = await server.Client.GetStringAsync(new Uri("/ui.json", UriKind.Relative), Cancellation);
        Assert.DoesNotContain("sk-", settings, StringComparison.Ordinal);
        using var tags = await GetAsync(server, "/api/tags", "*/*");
        Assert.Equal(HttpStatusCode.Unauthorized, tags.StatusCode);
    }

    [Fact]
    public async Task UiJson_SaysWhatTheOperatorSet()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?>
        {
            ["Llava:Web:Title"] = "Pictures",
            ["Llava:Web:Notice"] = "Ask <Ann>",
            ["Llava:Web:History"] = "false",
            ["Llava:Limits:Images"] = "3",
            ["Llava:Limits:ImagePixels"] = "1000000",
        });
        using var settings = JsonDocument.Parse(await server.Client.GetByteArrayAsync(new Uri("/ui.json", UriKind.Relative), Cancellation));
        var root = settings.RootElement;
        Assert.Equal("Pictures", root.GetProperty("title").GetString());
        Assert.Equal("Ask <Ann>", root.GetProperty("notice").GetString());
        Assert.False(root.GetProperty("history").GetBoolean());
        Assert.Equal(3, root.GetProperty("maxImages").GetInt32());
        Assert.Equal(1_000_000, root.GetProperty("maxImagePixels").GetInt64());
        Assert.Equal(64 << 20, root.GetProperty("maxRequestBytes").GetInt64());
    }

    [Fact]
    public async Task W20_FrameAncestors_AreTheOperators()
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Web:FrameAncestors"] = "'self' https://portal.example.org" });
        using var response = await GetAsync(server, "/", "text/html");
        Assert.Equal(Policy.Replace("frame-ancestors 'none'", "frame-ancestors 'self' https://portal.example.org", StringComparison.Ordinal), Header(response, "Content-Security-Policy"));
    }

    [Theory]
    [InlineData("/chat/")]
    [InlineData("/chat/../appsettings.json")]
    [InlineData("/chat/%2e%2e/llava.dll")]
    [InlineData("/llava.dll")]
    [InlineData("/chat/nothing.js")]
    public async Task W20_OtherFiles_AreNotThere(string path)
    {
        await using var server = await ScriptedServer.StartAsync();
        using var response = await GetAsync(server, path, "text/html");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private static async Task<HttpResponseMessage> GetAsync(ScriptedServer server, string path, string? accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        return await server.Client.SendAsync(request, Cancellation);
    }

    private static string Header(HttpResponseMessage response, string name) =>
        Assert.Single(response.Headers.NonValidated.TryGetValues(name, out var values) ? values.AsEnumerable() : []);
}
