using System.Net;
using LlavaServer.Edge.Access;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Edge.Access;

/// <summary>Who may call which route once keys are configured.</summary>
public sealed class KeyGuardTests : IAsyncLifetime
{
    private const string UserKey = "user-key-1";
    private const string AdminKey = "admin-key-1";

    private static readonly HashSet<string> s_open = ["/livez", "/healthz", "/readyz", "/health", "/v1/health", "/"];

    private ScriptedServer? _server;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ScriptedServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?>
    {
        ["Llava:Security:ApiKeys"] = $"web:{UserKey},ops:{AdminKey}:admin",
    });

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task NET11_EveryRouteWithoutKey_RefusedUnlessOpen()
    {
        var routes = Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        Assert.True(routes.Count > 30, $"{routes.Count} routes");
        foreach (var route in routes)
        {
            var path = PathOf(route);
            foreach (var method in route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
            {
                var received = await ExchangeAsync($"{method} {path}", "");
                var status = Assert.Single(RawHttp.Statuses(received));
                AssertHeaders(received);
                Assert.True(
                    s_open.Contains(path) ? status is 200 or 503 : status == 401,
                    $"{method} {path} without a key: {status}");
            }
        }

        Assert.Empty(s_open.Except(routes.Select(static route => "/" + route.RoutePattern.RawText!.TrimStart('/'))));
    }

    [Theory]
    [InlineData("/nowhere")]
    [InlineData("//v1/models")]
    [InlineData("/v1//models")]
    [InlineData("/v1/models/")]
    [InlineData("/V1/MODELS")]
    [InlineData("/v1/models%2feye")]
    [InlineData("/v1%2fmodels")]
    [InlineData("/v1/models;x")]
    [InlineData("/health;/../v1/models")]
    [InlineData("/health/../v1/models")]
    [InlineData("/health/%2e%2e/v1/models")]
    [InlineData("/health/x")]
    [InlineData("/./v1/models")]
    [InlineData("/v1/models?api_key=user-key-1&key=user-key-1")]
    [InlineData("/swagger/../v1/models")]
    [InlineData("/swagger/nothing")]
    [InlineData("/api/../v1/models")]
    [InlineData("/v1/models#/health")]
    public async Task NET11_PathVariants_NeverPassWithoutKey(string path)
    {
        var status = await StatusAsync("GET " + path, "");
        Assert.True(status is 400 or 401, $"{status}");
    }

    [Theory]
    [InlineData("127.0.0.1/health?")]
    [InlineData("127.0.0.1/health#")]
    [InlineData("127.0.0.1\\health")]
    public async Task NET9_NET11_HostThatLooksLikeAPath_StillRefused(string host)
    {
        var received = await RawHttp.ExchangeAsync(Server.Address, $"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 30);
        Assert.True(Assert.Single(RawHttp.Statuses(received)) is 400 or 401, received);
    }

    [Theory]
    [InlineData("Authorization: Bearer user-key-1\r\n", 200)]
    [InlineData("Authorization: bearer user-key-1\r\n", 200)]
    [InlineData("Authorization: BEARER   user-key-1  \r\n", 200)]
    [InlineData("x-api-key: user-key-1\r\n", 200)]
    [InlineData("api-key: user-key-1\r\n", 200)]
    [InlineData("Authorization: Bearer user-key-1\r\nx-api-key: user-key-1\r\n", 200)]
    [InlineData("Authorization: Bearer admin-key-1\r\n", 200)]
    [InlineData("Authorization: Bearer user-key-1\r\nx-api-key: other\r\n", 401)]
    [InlineData("Authorization: Bearer user-key-1\r\nAuthorization: Bearer user-key-1\r\n", 401)]
    [InlineData("Authorization: Bearer wrong\r\nAuthorization: Bearer user-key-1\r\n", 401)]
    [InlineData("x-api-key: user-key-1\r\nx-api-key: user-key-1\r\n", 401)]
    [InlineData("Authorization: Basic dXNlci1rZXktMQ==\r\n", 401)]
    [InlineData("Authorization: user-key-1\r\n", 401)]
    [InlineData("Authorization: Bearer\r\n", 401)]
    [InlineData("Authorization: Bearer \r\n", 401)]
    [InlineData("Authorization: Bearer user-key-1x\r\n", 401)]
    [InlineData("Authorization: Bearer user-key-\r\n", 401)]
    [InlineData("Authorization: Bearer USER-KEY-1\r\n", 401)]
    [InlineData("Authorization: Bearer web:user-key-1\r\n", 401)]
    [InlineData("Authorization: Bearer user-key-1, user-key-1\r\n", 401)]
    [InlineData("Authorization: Bearer \u00fc\r\n", 400)]
    [InlineData("Cookie: Authorization=user-key-1\r\n", 401)]
    public async Task NET11_Credential_ExactlyOneCounts(string headers, int status) => Assert.Equal(status, await StatusAsync("GET /v1/models", headers));

    [Fact]
    public async Task NET11_Refusals_AreInTheDialectAndNameTheSetting()
    {
        using var openAI = await Server.Client.GetAsync("/v1/models", Cancelled);
        var message = await ErrorAssert.IsAsync(openAI, HttpStatusCode.Unauthorized, "invalid_api_key", null);
        Assert.Contains("Security:ApiKeys", message, StringComparison.Ordinal);
        Assert.Equal("Bearer", openAI.Headers.WwwAuthenticate.ToString());
        Assert.Contains("\"type\":\"authentication_error\"", await openAI.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);

        using var ollama = await Server.Client.GetAsync("/api/tags", Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, ollama.StatusCode);
        Assert.Equal("Bearer", ollama.Headers.WwwAuthenticate.ToString());
        Assert.StartsWith("{\"error\":\"This server asks for an API key", await ollama.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NET11_LargeBodyWithoutKey_SeesTheRefusal()
    {
        using var content = new ByteArrayContent(new byte[8 << 20]);
        using var response = await Server.Client.PostAsync("/v1/chat/completions", content, Cancelled);
        await ErrorAssert.IsAsync(response, HttpStatusCode.Unauthorized, "invalid_api_key", null);
        Assert.Equal(0, Server.Script.Loads);
    }

    [Theory]
    [InlineData("POST /api/pull", 400)]
    [InlineData("POST /api/push", 400)]
    [InlineData("POST /api/create", 400)]
    [InlineData("POST /api/copy", 400)]
    [InlineData("DELETE /api/delete", 400)]
    [InlineData("POST /api/stop", 400)]
    [InlineData("POST /api/blobs/sha256:0", 400)]
    [InlineData("HEAD /api/blobs/sha256:0", 400)]
    public async Task NET11_O30_ChangesOfModels_NeedAnAdminKey(string line, int status)
    {
        Assert.Equal(401, await StatusAsync(line, ""));
        Assert.Equal(403, await StatusAsync(line, $"Authorization: Bearer {UserKey}\r\n"));

        // What is wrong with the request itself is said to an administrator only.
        Assert.Equal(status, await StatusAsync(line, $"Authorization: Bearer {AdminKey}\r\n"));
    }

    [Fact]
    public async Task NET11_Preflight_NeedsNoKey() =>
        Assert.Equal(204, await StatusAsync("OPTIONS /v1/chat/completions", "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n"));

    [Fact]
    public async Task NET11_ApiDescription_IsAPageFile()
    {
        using var page = await Server.Client.GetAsync("/swagger/v1/swagger.json", Cancelled);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task NET12_TwentyWrongKeys_FurtherOnesWaitAndRightOnesPass()
    {
        for (var i = 0; i < FailedKeys.MaxFailures; i++)
        {
            Assert.Equal(401, await StatusAsync("GET /v1/models", $"Authorization: Bearer guess-{i}\r\n"));
        }

        var refused = await ExchangeAsync("GET /v1/models", "Authorization: Bearer guess-20\r\n");
        Assert.Equal((int[])[429], RawHttp.Statuses(refused));
        Assert.Matches("\r\nRetry-After: ([1-5]?[0-9]|60)\r\n", refused);
        Assert.Contains("\"type\":\"rate_limit_error\"", refused, StringComparison.Ordinal);
        var ollama = await ExchangeAsync("GET /api/tags", "Authorization: Bearer guess-21\r\n");
        Assert.Equal((int[])[429], RawHttp.Statuses(ollama));
        Assert.Contains("\r\nRetry-After: ", ollama, StringComparison.Ordinal);
        Assert.Equal(200, await StatusAsync("GET /v1/models", $"Authorization: Bearer {UserKey}\r\n"));
        Assert.Equal(401, await StatusAsync("GET /v1/models", ""));
    }

    [Fact]
    public async Task NET17_EveryRouteWithAKey_CarriesItsHeadersAndIsNeverAnEmptySuccess()
    {
        foreach (var route in Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            var path = PathOf(route);
            foreach (var method in route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
            {
                var received = await ExchangeAsync($"{method} {path}", $"Authorization: Bearer {AdminKey}\r\n");
                var status = Assert.Single(RawHttp.Statuses(received));
                Assert.True(status is >= 200 and < 500 or 503, $"{method} {path}: {status}");
                AssertHeaders(received);
                var body = received[(received.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
                Assert.False(status == 200 && method != "HEAD" && body is ("" or "0\r\n\r\n"), $"{method} {path}: 200 without a body");
            }
        }
    }

    private static string PathOf(RouteEndpoint route)
    {
        var path = "/" + route.RoutePattern.RawText!.TrimStart('/').Replace("{**id}", "eye", StringComparison.Ordinal).Replace("{digest}", "sha256:0", StringComparison.Ordinal).Replace("{id}", "resp_0", StringComparison.Ordinal);
        Assert.DoesNotContain('{', path);
        return path;
    }

    private static void AssertHeaders(string received)
    {
        foreach (var header in (string[])["X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-store"])
        {
            Assert.Contains("\r\n" + header + "\r\n", received, StringComparison.OrdinalIgnoreCase);
        }
    }

    private async Task<int> StatusAsync(string line, string headers) => Assert.Single(RawHttp.Statuses(await ExchangeAsync(line, headers)));

    private Task<string> ExchangeAsync(string line, string headers) => RawHttp.ExchangeAsync(
        Server.Address, $"{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n", 30);
}
