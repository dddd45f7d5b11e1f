using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Endpoints.Documentation;
using LlavaServer.Tests.Scripted;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Fuzz;

/// <summary>
/// Every POST route that the server maps, asked with bodies that nobody would write. Property: a status that a client can act on, in the dialect's own
/// envelope, in bounded time; afterwards the server is idle and answers a normal question. Failures name their seed and the smallest body found.
/// </summary>
public sealed class FuzzTests
{
    private const int BodiesOfRoute = 120;
    private const string Fallback =
        """{"model":"eye","messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],"input":"Hi","prompt":"Hi","content":"Hi","tokens":[4],"max_tokens":2,"stream":false}""";

    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(30);

    /// <summary>408, 409, 422 and everything from 500 on but "come again" is not for bad input.</summary>
    private static readonly HashSet<int> s_allowed = [200, 204, 400, 401, 403, 404, 405, 413, 415, 429, 503];

    private static readonly string[] s_contentTypes =
        ["application/json", "application/problem+json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", "application/json; charset=utf-16", ""];

    [Fact]
    public async Task Post_MutatedBodies_OnlyAnswersThatTheDialectKnows()
    {
        var seed = Environment.TickCount;
        await using var server = await ScriptedServer.StartAsync();
        var routes = RoutesOf(server);
        Assert.InRange(routes.Count, 10, int.MaxValue);
        foreach (var (path, body, members) in routes)
        {
            var source = new FuzzSource(HashCode.Combine(seed, path.Length));
            for (var i = 0; i < BodiesOfRoute; i++)
            {
                var mutated = source.Mutate(body, members);
                if (await WrongAsync(server, path, mutated) is { } wrong)
                {
                    var (smallest, reason) = await ShrinkAsync(server, path, mutated, wrong);
                    Assert.Fail($"seed {seed}, POST {path}: {reason}\n{smallest}");
                }
            }
        }

        await AssertAliveAsync(server);
    }

    [Fact]
    public async Task Post_GarbageAndContentTypes_OnlyAnswersThatTheDialectKnows()
    {
        var seed = Environment.TickCount;
        await using var server = await ScriptedServer.StartAsync();
        foreach (var (path, body, _) in RoutesOf(server))
        {
            var source = new FuzzSource(HashCode.Combine(seed, path.Length));
            var text = Encoding.UTF8.GetBytes(body.ToString());
            for (var i = 0; i < 30; i++)
            {
                var bytes = source.Below(3) switch
                {
                    0 => source.Bytes(400),
                    1 => text[..source.Below(text.Length)],
                    _ => [.. text.Take(source.Below(text.Length)), .. source.Bytes(8), .. text.Skip(source.Below(text.Length))],
                };
                var type = source.Pick(s_contentTypes);
                var wrong = await WrongAsync(server, path, bytes, type);
                Assert.True(wrong is null, $"seed {seed}, POST {path}, {type}: {wrong}\n{Convert.ToBase64String(bytes)}");
            }
        }

        await AssertAliveAsync(server);
    }

    private static List<(string Path, FuzzNode Body, IReadOnlyList<string> Members)> RoutesOf(ScriptedServer server) =>
    [
        .. from endpoint in server.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
           where endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("POST") == true
           let path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
           where !path.Contains('{', StringComparison.Ordinal)
           let example = endpoint.Metadata.GetMetadata<RequestExample>()
           select (path, ForTheModelThatSees(example?.Json ?? Fallback), (IReadOnlyList<string>)[.. example?.Members.Select(static member => member.Name) ?? []]),
    ];

    private static FuzzNode ForTheModelThatSees(string json)
    {
        var body = JsonNode.Parse(json)!;
        body["model"] = "eye";
        return FuzzNode.Of(JsonElement.Parse(body.ToJsonString()));
    }

    private static Task<string?> WrongAsync(ScriptedServer server, string path, FuzzNode body) =>
        WrongAsync(server, path, Encoding.UTF8.GetBytes(body.ToString()), "application/json");

    /// <summary>What is wrong with the answer, or null.</summary>
    private static async Task<string?> WrongAsync(ScriptedServer server, string path, byte[] body, string contentType)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = contentType.Length > 0 ? MediaTypeHeaderValue.Parse(contentType) : null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(s_hang);
        try
        {
            using var response = await server.Client.PostAsync(new Uri(path, UriKind.Relative), content, limit.Token);
            var text = await response.Content.ReadAsStringAsync(limit.Token);
            var status = (int)response.StatusCode;
            return !s_allowed.Contains(status) ? $"status {status}: {text}"
                : status is 429 or 503 && response.Headers.RetryAfter is null ? $"status {status} without Retry-After"
                : status >= 400 ? Envelope.Wrong(path, text)
                : text.Contains("internal_error", StringComparison.Ordinal) || text.Contains("generation_failed", StringComparison.Ordinal) ? text
                : null;
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            return $"no answer in {s_hang}";
        }
        catch (HttpRequestException exception)
        {
            return exception.ToString();
        }
    }

    private static async Task<(FuzzNode Smallest, string Reason)> ShrinkAsync(ScriptedServer server, string path, FuzzNode body, string reason)
    {
        var tries = 200;
        for (var isSmaller = true; isSmaller && tries > 0;)
        {
            isSmaller = false;
            foreach (var smaller in body.Smaller().TakeWhile(_ => tries-- > 0))
            {
                if (await WrongAsync(server, path, smaller) is { } still)
                {
                    (body, reason, isSmaller) = (smaller, still, true);
                    break;
                }
            }
        }

        return (body, reason);
    }

    private static async Task AssertAliveAsync(ScriptedServer server)
    {
        await server.AssertIdleAsync();
        using var content = new StringContent("""{"model":"eye","messages":[{"role":"user","content":"What is it?"}]}""", Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("A red circle.", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
