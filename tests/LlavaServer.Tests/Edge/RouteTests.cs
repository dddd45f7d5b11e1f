using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Edge;

/// <summary>Paths and verbs: short forms, slashes, HEAD and OPTIONS everywhere, and what is not offered.</summary>
public sealed partial class RouteTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static readonly string[] s_verbs = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IEnumerable<IGrouping<string, string>> MethodsByPath => server.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .SelectMany(static route => route.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Select(method => (Path: PathOf(route), Method: method)))
        .GroupBy(static route => route.Path, static route => route.Method);

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/chat/completions")]
    [InlineData("//v1/chat/completions")]
    [InlineData("/v1//chat//completions")]
    [InlineData("/v1/chat/completions/")]
    [InlineData("/v1/chat/completions//")]
    [InlineData("//chat/completions/")]
    [InlineData("/V1/Chat/Completions")]
    public async Task S1_1_Chat_EverySpellingOfThePath_Answers(string path)
    {
        var body = OpenAIServer.Question();
        var received = await RawHttp.ExchangeAsync(
            server.Server.Address,
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}",
            10);
        Assert.True(RawHttp.Statuses(received) is [200], received);
        Assert.Contains("\"object\":\"chat.completion\"", received, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions/chatcmpl-1")]
    [InlineData("/v1/chat/completions/chatcmpl-1/messages")]
    [InlineData("/completions")]
    [InlineData("/completion")]
    [InlineData("/embeddings")]
    [InlineData("/embedding")]
    [InlineData("/infill")]
    [InlineData("/rerank")]
    [InlineData("/v1/rerank")]
    [InlineData("/lora-adapters")]
    [InlineData("/v1/audio/speech")]
    [InlineData("/v1/audio/transcriptions")]
    [InlineData("/v1/images/generations")]
    [InlineData("/v1/images/edits")]
    [InlineData("/v1/files")]
    [InlineData("/v1/files/file-1/content")]
    [InlineData("/v1/assistants")]
    [InlineData("/v1/assistants/asst_1")]
    [InlineData("/v1/moderations")]
    [InlineData("/v1/fine_tuning/jobs")]
    [InlineData("/v1")]
    [InlineData("/v2/models")]
    public async Task S13_NotOffered_404InTheEnvelopeForEveryVerb(string path)
    {
        foreach (var verb in s_verbs.Except(["HEAD"]))
        {
            using var request = new HttpRequestMessage(new HttpMethod(verb), path) { Content = verb == "GET" ? null : new StringContent("{}", Encoding.UTF8, "application/json") };
            using var response = await server.Server.Client.SendAsync(request, Token);
            await ErrorAssert.IsAsync(response, HttpStatusCode.NotFound, "not_found", null);
        }
    }

    [Fact]
    public async Task S1_1_EveryRoute_OtherVerbsAre405WithTheVerbsThatItTakes()
    {
        foreach (var route in MethodsByPath)
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, route.Key);
            using var response = await server.Server.Client.SendAsync(request, Token);
            var body = await response.Content.ReadAsStringAsync(Token);
            Assert.True(response.StatusCode == HttpStatusCode.MethodNotAllowed, $"{route.Key}: {(int)response.StatusCode} {body}");

            // A path may match a route with a name in it as well, whose verbs it takes too.
            Assert.True(!route.Except(response.Content.Headers.Allow).Any(), $"{route.Key}: {string.Join(", ", response.Content.Headers.Allow)}");
            if (!route.Key.StartsWith("/api/", StringComparison.Ordinal) && !route.Key.StartsWith("/v1/messages", StringComparison.Ordinal))
            {
                await ErrorAssert.IsAsync(response, HttpStatusCode.MethodNotAllowed, "method_not_allowed", null);
            }
        }
    }

    [Fact]
    public async Task S1_1_EveryReadRoute_HeadIsGetWithoutBody()
    {
        var checkedPaths = new List<string>();
        foreach (var path in MethodsByPath.Where(static route => route.Contains("GET") && !route.Key.StartsWith("/api/", StringComparison.Ordinal)).Select(static route => route.Key))
        {
            using var get = await server.Server.Client.GetAsync(path, Token);
            using var head = await server.Server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Token);
            Assert.Equal((path, get.StatusCode), (path, head.StatusCode));
            Assert.Equal((path, get.Content.Headers.ContentType), (path, head.Content.Headers.ContentType));
            Assert.Equal((path, ""), (path, await head.Content.ReadAsStringAsync(Token)));
            checkedPaths.Add(path);
        }

        Assert.Empty(((string[])["/v1/models", "/v1/models/x", "/models", "/health", "/v1/health", "/metrics", "/props", "/slots"]).Except(checkedPaths));
    }

    [Fact]
    public async Task S1_4_EveryRoute_PreflightOfAnAllowedPageIs204WithoutAKey()
    {
        await using var locked = await ScriptedServer.StartAsync(
            settings: new Dictionary<string, string?> { ["Llava:Security:ApiKeys"] = "team:0123456789abcdef0123456789abcdef" });
        foreach (var path in MethodsByPath.Select(static route => route.Key).Append("/v1/nowhere"))
        {
            using var request = new HttpRequestMessage(HttpMethod.Options, path);
            request.Headers.Add("Origin", "http://localhost:3000");
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,x-stainless-os");
            using var response = await locked.Client.SendAsync(request, Token);
            Assert.Equal((path, HttpStatusCode.NoContent), (path, response.StatusCode));
            Assert.Equal("http://localhost:3000", Single(response, "Access-Control-Allow-Origin"));
            Assert.Equal("authorization,content-type,x-stainless-os", Single(response, "Access-Control-Allow-Headers"));
            Assert.Empty(((string[])["GET", "POST", "DELETE", "OPTIONS"]).Except(Single(response, "Access-Control-Allow-Methods").Split(", ")));
            Assert.Empty(((string[])["x-request-id", "request-id", "retry-after", "llava-ignored-params"]).Except(Single(response, "Access-Control-Expose-Headers").Split(", ")));
            Assert.Equal("600", Single(response, "Access-Control-Max-Age"));
            Assert.Contains("Origin", response.Headers.Vary);
            Assert.True(response.Headers.Contains("x-request-id"));
        }
    }

    /// <summary>A page must be able to read why it was refused, and when it may come again.</summary>
    [Theory]
    [InlineData("POST", "/v1/chat/completions", "{", 400)]
    [InlineData("POST", "/v1/chat/completions", """{"model":"none","messages":[{"role":"user","content":"x"}]}""", 404)]
    [InlineData("GET", "/v1/nowhere", null, 404)]
    [InlineData("GET", "/v1/chat/completions", null, 405)]
    [InlineData("GET", "/health", null, 503)]
    [InlineData("POST", "/v1/chat/completions", """{"model":"eye","stream":true,"messages":[{"role":"user","content":"x"}]}""", 200)]
    [InlineData("POST", "/v1/chat/completions", """{"model":"eye","messages":[{"role":"user","content":"x"}]}""", 200)]
    public async Task S1_4_AnswersToAllowedPages_MayBeRead(string method, string path, string? body, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Origin", "http://localhost:3000");
        using var response = await server.Server.Client.SendAsync(request, Token);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("http://localhost:3000", Single(response, "Access-Control-Allow-Origin"));
        Assert.Contains("x-request-id", Single(response, "Access-Control-Expose-Headers"), StringComparison.Ordinal);
        Assert.Contains("Origin", response.Headers.Vary);
    }

    [Fact]
    public async Task S1_4_Headers_OfWholeAnswersAndStreams()
    {
        using var whole = await server.PostAsync(OpenAIServer.Question());
        Assert.Equal("application/json; charset=utf-8", whole.Content.Headers.ContentType!.ToString());
        Assert.Matches("^[0-9]+$", Single(whole, "openai-processing-ms"));
        Assert.False(whole.Headers.Contains("llava-ignored-params"));
        Assert.StartsWith("LlavaServer/", Single(whole, "Server"), StringComparison.Ordinal);
        using var document = JsonDocument.Parse(await whole.Content.ReadAsStringAsync(Token));
        Assert.Equal(JsonValueKind.Number, document.RootElement.GetProperty("created").ValueKind);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(OpenAIServer.Question("\"stream\":true,\"user\":\"u\""), Encoding.UTF8, "application/json") };
        request.Headers.Add("Accept-Encoding", "gzip, br, deflate");
        request.Headers.Add("x-request-id", "mine-1");
        using var stream = await server.Server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal("text/event-stream; charset=utf-8", stream.Content.Headers.ContentType!.ToString());
        Assert.True(stream.Headers.CacheControl!.NoCache);
        Assert.Equal(("no", "keep-alive", "mine-1", "user"), (Single(stream, "X-Accel-Buffering"), Single(stream, "Connection"), Single(stream, "x-request-id"), Single(stream, "llava-ignored-params")));
        Assert.False(stream.Headers.Contains("openai-processing-ms"));
        Assert.Null(stream.Content.Headers.ContentLength);
        Assert.Empty(stream.Content.Headers.ContentEncoding);
        Assert.True(stream.Headers.TransferEncodingChunked);
        Assert.StartsWith("data: {", await stream.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private static string Single(HttpResponseMessage response, string header) => string.Join(", ", response.Headers.GetValues(header));

    private static string PathOf(RouteEndpoint route) => Value().Replace("/" + route.RoutePattern.RawText!.TrimStart('/'), "x");

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Value();
}
