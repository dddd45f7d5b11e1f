using System.Net;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Edge;

/// <summary>Who may call: Host and Origin, and the headers that every answer carries.</summary>
public sealed class GuardTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:11434", 200)]
    [InlineData("127.0.0.1:80", 200)]
    [InlineData("[::1]:11434", 200)]
    [InlineData("0.0.0.0", 200)]
    [InlineData("192.168.1.5", 200)]
    [InlineData("10.0.0.1", 200)]
    [InlineData("my.localhost", 200)]
    [InlineData("printer.local", 200)]
    [InlineData("metadata.internal", 200)]
    [InlineData("localhost.", 200)]
    [InlineData("example.org", 403)]
    [InlineData("localhost.example.org", 403)]
    [InlineData("127.0.0.1.example.org", 403)]
    [InlineData("notlocalhost", 403)]
    [InlineData("8.8.8.8", 403)]
    [InlineData("0x7f000001", 403)]
    [InlineData("2130706433", 403)]
    [InlineData("127.1", 403)]
    [InlineData(":11434", 400)]
    [InlineData("user@localhost", 400)]
    [InlineData("localhost/health?", 400)]
    [InlineData("127.0.0.1#x", 400)]
    [InlineData("127.0.0.1\\x", 400)]
    public async Task NET9_Host_GuardedOnEveryRoute(string host, int status)
    {
        foreach (var path in (string[])["/v1/models", "/api/version", "/health", "/livez"])
        {
            var received = await RawHttp.ExchangeAsync(server.Server.Address, $"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 5);
            var answered = Assert.Single(RawHttp.Statuses(received));
            // Health is not ready in this server, which was never announced: its own answer is as good.
            Assert.True(answered == status || (status == 200 && answered == 503), $"{path}: {answered}");
        }
    }

    [Theory]
    [InlineData("http://localhost", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://127.0.0.1:8443", true)]
    [InlineData("http://[::1]:5173", true)]
    [InlineData("app://obsidian.md", true)]
    [InlineData("tauri://localhost", true)]
    [InlineData("vscode-webview://abc", true)]
    [InlineData("chrome-extension://abcdef", true)]
    [InlineData("null", false)]
    [InlineData("http://localhost.example.org", false)]
    [InlineData("http://example.org", false)]
    [InlineData("http://notlocalhost", false)]
    [InlineData("http://localhost@example.org", false)]
    [InlineData("http://127.0.0.1.example.org", false)]
    [InlineData("http://0x7f.1", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("http://localhost/path", false)]
    public async Task NET10_Origin_AllowedOrRefusedBeforeTheBody(string origin, bool allowed)
    {
        foreach (var (method, path) in new[] { ("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("OPTIONS", "/v1/chat/completions"), ("GET", "/api/tags") })
        {
            var received = await RawHttp.ExchangeAsync(
                server.Server.Address,
                $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nContent-Length: {(method == "POST" ? 3 : 0)}\r\nConnection: close\r\n\r\n{(method == "POST" ? "xyz" : "")}",
                5);
            var status = Assert.Single(RawHttp.Statuses(received));
            if (allowed)
            {
                Assert.NotEqual(403, status);
                Assert.Contains($"Access-Control-Allow-Origin: {origin}\r\n", received, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal(403, status);
                Assert.DoesNotContain("Access-Control-Allow-Origin", received, StringComparison.Ordinal);
            }

            Assert.DoesNotContain("Access-Control-Allow-Credentials", received, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task NET10_Preflight_Answered()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/v1/chat/completions");
        request.Headers.Add("Origin", "http://localhost:3000");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type,authorization,x-stainless-lang");
        using var response = await server.Server.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(["http://localhost:3000"], response.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(["content-type,authorization,x-stainless-lang"], response.Headers.GetValues("Access-Control-Allow-Headers"));
        Assert.Equal(["600"], response.Headers.GetValues("Access-Control-Max-Age"));
        Assert.Contains("POST", string.Join(',', response.Headers.GetValues("Access-Control-Allow-Methods")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NET10_CrossSiteFormWithoutOrigin_Refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(OpenAIServer.Question()) };
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var response = await server.Server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await ErrorAssert.IsAsync(response, HttpStatusCode.Forbidden, "origin_not_allowed", null);
    }

    [Fact]
    public async Task NET10_ConfiguredOriginAndHost_Allowed()
    {
        await using var configured = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?>
        {
            ["Llava:Security:Origins"] = "https://*.example.org, https://exact.test",
            ["Llava:Security:AllowedHosts"] = "llava.example.org",
        });
        foreach (var (origin, status) in new[]
        {
            ("https://a.example.org", 200), ("https://exact.test", 200), ("https://exact.test.evil.org", 403), ("http://exact.test", 403),
            ("https://evil.org/.example.org", 403), ("https://x@evil.org", 403),
        })
        {
            var received = await RawHttp.ExchangeAsync(
                configured.Address, $"GET /v1/models HTTP/1.1\r\nHost: llava.example.org\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n", 5);
            Assert.Equal((origin, status), (origin, Assert.Single(RawHttp.Statuses(received))));
        }
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/api/tags")]
    [InlineData("/nowhere")]
    [InlineData("/health")]
    [InlineData("/")]
    public async Task NET17_EveryAnswer_CarriesItsHeaders(string path)
    {
        using var response = await server.Server.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["no-referrer"], response.Headers.GetValues("Referrer-Policy"));
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.StartsWith("LlavaServer/", response.Headers.Server.ToString(), StringComparison.Ordinal);
        Assert.Matches("^req_[0-9a-f]{32}$", Assert.Single(response.Headers.GetValues("x-request-id")));
    }

    [Theory]
    [InlineData("abc-1.2_3", true)]
    [InlineData("a b", false)]
    [InlineData("a\"b", false)]
    [InlineData("", false)]
    public async Task NET18_RequestId_RepeatedOnlyWhenHarmless(string id, bool repeated)
    {
        foreach (var value in repeated ? [id] : (string[])[id, new string('a', 129), "\u00fc"])
        {
            var received = await RawHttp.ExchangeAsync(
                server.Server.Address, $"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {value}\r\nConnection: close\r\n\r\n", 5);
            Assert.Equal(repeated, received.Contains($"x-request-id: {value}\r\n", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("GET", "/favicon.ico", 404, "not_found")]
    [InlineData("GET", "/v1/chat/completions/x", 404, "not_found")]
    [InlineData("GET", "/v1/../etc/passwd", 404, "not_found")]
    [InlineData("GET", "/v1/%2e%2e/%2e%2e/etc/passwd", 404, "not_found")]
    [InlineData("GET", "/C:/Windows", 404, "not_found")]
    [InlineData("GET", "/v1/models/%00", 404, null)]
    [InlineData("GET", "/v1/chat/completions", 405, "method_not_allowed")]
    [InlineData("DELETE", "/v1/models/eye", 405, "method_not_allowed")]
    [InlineData("PUT", "/v1/models", 405, "method_not_allowed")]
    [InlineData("POST", "/health", 405, "method_not_allowed")]
    public async Task NET15_UnknownPathsAndVerbs_AnsweredInTheEnvelope(string method, string path, int status, string? code)
    {
        var received = await RawHttp.ExchangeAsync(server.Server.Address, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 5);
        var answered = Assert.Single(RawHttp.Statuses(received));
        Assert.True(answered == status || (code is null && answered is 400 or 404), $"{answered}");
        if (code is not null)
        {
            Assert.Contains($"\"code\":\"{code}\"", received, StringComparison.Ordinal);
            Assert.Equal(status == 405, received.Contains("\r\nAllow: ", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("//v1/models")]
    [InlineData("/v1//models")]
    [InlineData("/v1/models/")]
    [InlineData("/models")]
    [InlineData("/V1/Models")]
    public async Task Path_SlashesAndCase_AreForgiven(string path)
    {
        var received = await RawHttp.ExchangeAsync(server.Server.Address, $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 5);
        Assert.Equal((int[])[200], RawHttp.Statuses(received));
    }

    [Fact]
    public async Task Head_OnReadRoutes_HasNoBody()
    {
        var received = await RawHttp.ExchangeAsync(server.Server.Address, "HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 5);
        Assert.Equal((int[])[200], RawHttp.Statuses(received));
        Assert.EndsWith("\r\n\r\n", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swagger_DescribesBothDialects()
    {
        var document = await server.Server.Client.GetStringAsync("/swagger/v1/swagger.json", TestContext.Current.CancellationToken);
        Assert.Contains("\"/v1/chat/completions\"", document, StringComparison.Ordinal);
        Assert.Contains("\"/api/chat\"", document, StringComparison.Ordinal);
        Assert.Contains("max_completion_tokens", document, StringComparison.Ordinal);
        var page = await server.Server.Client.GetStringAsync("/swagger/index.html", TestContext.Current.CancellationToken);
        Assert.Contains("swagger-ui", page, StringComparison.Ordinal);
    }
}
