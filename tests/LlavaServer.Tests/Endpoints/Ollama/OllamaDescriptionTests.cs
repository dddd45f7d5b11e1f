using System.Text.Json;
using LlavaServer.Tests.Scripted;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>What <c>/swagger</c> says about the dialect against what the server does.</summary>
public sealed class OllamaDescriptionTests
{
    private static readonly string[] Documented =
        ["DELETE /api/delete", "GET /", "GET /api/ps", "GET /api/status", "GET /api/tags", "GET /api/version", "POST /api/chat", "POST /api/copy", "POST /api/create", "POST /api/embed", "POST /api/embeddings", "POST /api/generate", "POST /api/pull", "POST /api/push", "POST /api/show", "POST /api/stop"];

    [Fact]
    public async Task Swagger_OllamaGroup_ExactlyTheServedRoutes()
    {
        await using var server = await ScriptedServer.StartAsync();
        Assert.Equal(Documented, (await OperationsAsync(server)).Select(static operation => operation.Route).Order(StringComparer.Ordinal));
        var described = server.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(static endpoint => endpoint.Metadata.GetMetadata<ITagsMetadata>()?.Tags.Contains("Ollama") == true)
            .Where(static endpoint => endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>()?.ExcludeFromDescription != true)
            .Select(static endpoint => $"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single()} {endpoint.RoutePattern.RawText}");
        Assert.Equal(Documented, described.Order(StringComparer.Ordinal));
    }

    /// <summary>But for those that reach for a registry.</summary>
    [Fact]
    public async Task Swagger_Examples_Answered()
    {
        await using var server = await ScriptedServer.StartAsync();
        var posts = (await OperationsAsync(server)).Where(static operation => operation.Route.StartsWith("POST ", StringComparison.Ordinal) && operation.Route is not ("POST /api/pull" or "POST /api/push")).ToList();
        Assert.Equal(8, posts.Count);
        foreach (var (route, operation) in posts)
        {
            var content = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
            var example = content.GetProperty("example");
            var members = content.GetProperty("schema").GetProperty("properties").EnumerateObject().Select(static member => member.Name).ToHashSet();
            Assert.All(example.EnumerateObject(), member => Assert.Contains(member.Name, members));
            var body = example.GetRawText().Replace("llava-mini", "eye", StringComparison.Ordinal);
            Assert.Equal(System.Net.HttpStatusCode.OK, (await server.PostAsync(route["POST ".Length..], body)).Status);
        }
    }

    [Theory]
    [InlineData("/api/pull")]
    [InlineData("/api/push")]
    public async Task Registries_OtherHost_IsNotUsed(string route)
    {
        await using var server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?> { ["Llava:Models:Registries"] = "one.example.org, two.example.org:5000" });
        var reply = await server.PostAsync(route, """{"model":"three.example.org/me/eye"}""");
        reply.AssertError(System.Net.HttpStatusCode.Forbidden, "registry \"three.example.org\" is none of those that this server may use (Models:Registries)");
    }

    [Fact]
    public async Task Swagger_Answers_MembersOfTheWire()
    {
        await using var server = await ScriptedServer.StartAsync();
        var schemas = (await server.SendAsync(HttpMethod.Get, "/swagger/v1/swagger.json")).Json.GetProperty("components").GetProperty("schemas");
        foreach (var (path, schema) in new[] { ("/api/chat", "OllamaChatAnswer"), ("/api/generate", "OllamaGenerateAnswer") })
        {
            var reply = await server.PostAsync(path, """{"model":"eye","prompt":"Hi","stream":false,"logprobs":true,"messages":[{"role":"user","content":"Hi"}]}""");
            var wire = reply.Json.EnumerateObject().Select(static member => member.Name).Order(StringComparer.Ordinal);
            var described = schemas.GetProperty(schema).GetProperty("properties").EnumerateObject().Select(static member => member.Name).Where(static name => name is not ("_debug_info" or "thinking")).Order(StringComparer.Ordinal);
            Assert.Equal(described, wire);
        }
    }

    private static async Task<List<(string Route, JsonElement Operation)>> OperationsAsync(ScriptedServer server)
    {
        var document = (await server.SendAsync(HttpMethod.Get, "/swagger/v1/swagger.json")).Json;
        return
        [
            .. from path in document.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               where operation.Value.TryGetProperty("tags", out var tags) && tags.EnumerateArray().Any(static tag => tag.GetString() == "Ollama")
               select ($"{operation.Name.ToUpperInvariant()} {path.Name}", operation.Value),
        ];
    }
}
