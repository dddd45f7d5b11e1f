using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Endpoints.Anthropic;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.OpenAI.Completions;
using LlavaServer.Endpoints.OpenAI.Responses;
using LlavaServer.Tests.Scripted;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Endpoints;

/// <summary>What <c>/swagger</c> says against what the server maps and answers, over all groups of routes.</summary>
public sealed class DescriptionTests
{
    /// <summary>Routes with an answer and no description: the text of the exporter, which is for machines.</summary>
    private static readonly string[] s_undescribed = ["GET /metrics"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Swagger_AllGroups_ExactlyTheRoutesThatAreMapped()
    {
        await using var server = await ScriptedServer.StartAsync();
        var described = (await DocumentAsync(server)).GetProperty("paths").EnumerateObject()
            .SelectMany(static path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}")).ToHashSet();
        var mapped = new HashSet<string>();
        foreach (var (endpoint, route) in Routes(server))
        {
            mapped.Add(route);
            var isExcluded = endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>()?.ExcludeFromDescription == true;
            Assert.True(described.Contains(route) != isExcluded || s_undescribed.Contains(route), $"{route} is {(isExcluded ? "excluded and described" : "not described")}");
        }

        Assert.Empty(described.Except(mapped));
    }

    /// <summary>An excluded route is the short form of a described one, a HEAD, or offers nothing.</summary>
    [Fact]
    public async Task Swagger_ExcludedRoutes_AreShortFormsOrOfferNothing()
    {
        await using var server = await ScriptedServer.StartAsync();
        var paths = (await DocumentAsync(server)).GetProperty("paths");
        foreach (var (endpoint, route) in Routes(server).Where(static route => route.Endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>()?.ExcludeFromDescription == true))
        {
            var (method, path) = (route.Split(' ')[0], route.Split(' ')[1]);
            if (method != "HEAD" && !paths.TryGetProperty("/v1" + path, out _))
            {
                var (status, _) = await AskAsync(server, method, path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal), "{}");
                Assert.True((int)status >= 400, $"{route} answers {status} and is not described");
            }
        }
    }

    [Fact]
    public async Task Swagger_Statuses_AreThoseThatOccurInTheEnvelope()
    {
        await using var server = await ScriptedServer.StartAsync();
        var document = await DocumentAsync(server);
        foreach (var (method, path, operation) in Operations(document))
        {
            var statuses = operation.GetProperty("responses").EnumerateObject().Select(static response => response.Name).ToHashSet();
            var seen = new HashSet<string>();
            foreach (var (asked, body) in Mistakes(method, path, operation))
            {
                var (status, answer) = await AskAsync(server, method, asked, body);
                seen.Add($"{(int)status}");
                if ((int)status >= 400)
                {
                    AssertMembers(document, operation.GetProperty("responses").GetProperty($"{(int)status}"), answer, $"{method} {path} {(int)status}");
                }
            }

            Assert.Equal(
                $"{method} {path} {string.Join(' ', statuses.Except(["200", "429", "503"]).Order())}",
                $"{method} {path} {string.Join(' ', seen.Except(["200"]).Order())}");
        }
    }

    [Fact]
    public async Task Swagger_Examples_AnsweredWithTheMembersOfTheSchema()
    {
        await using var server = await ScriptedServer.StartAsync();
        var document = await DocumentAsync(server);
        var count = 0;
        foreach (var (method, path, operation) in Operations(document))
        {
            var (status, answer) = await AskAsync(server, method, path.Replace("{id}", "eye", StringComparison.Ordinal) + (method == "GET" ? "?model=eye" : ""), Example(operation)?.GetRawText() ?? "");
            Assert.True(status == HttpStatusCode.OK, $"{method} {path}: {answer}");
            AssertMembers(document, operation.GetProperty("responses").GetProperty("200"), answer, $"{method} {path}");
            count++;
        }

        Assert.InRange(count, 9, int.MaxValue);
    }

    /// <summary>null is "not given" for every field that is described, and none of them is unknown.</summary>
    [Fact]
    public async Task Swagger_FieldsOfGeneration_AreThoseOfTheTables()
    {
        await using var server = await ScriptedServer.StartAsync();
        var document = await DocumentAsync(server);
        foreach (var (path, names) in new[]
        {
            ("/v1/chat/completions", ChatFields.All.Select(static field => field.Name)),
            ("/v1/completions", CompletionFields.All.Select(static field => field.Name)),
            ("/v1/responses", ResponseFields.All.Select(static field => field.Name)),
            ("/v1/messages", MessageFields.All.Select(static field => field.Name)),
        })
        {
            var operation = document.GetProperty("paths").GetProperty(path).GetProperty("post");
            var members = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties");
            Assert.Equal(names.Order(StringComparer.Ordinal), members.EnumerateObject().Select(static member => member.Name).Order(StringComparer.Ordinal));
            foreach (var member in members.EnumerateObject())
            {
                Assert.NotEqual("", member.Value.GetProperty("description").GetString());
                var body = Example(operation)!.Value.EnumerateObject().Where(field => field.Name != member.Name).Select(static field => $"{JsonSerializer.Serialize(field.Name)}:{field.Value.GetRawText()}");
                var (status, answer) = await AskAsync(server, "POST", path, $"{{{string.Join(',', body.Append($"\"{member.Name}\":null"))}}}");
                Assert.True(status == HttpStatusCode.OK || member.Name is "messages" or "prompt" or "input" or "model", $"{path} {member.Name}: {answer}");
            }
        }
    }

    private static IEnumerable<(string Path, string Body)> Mistakes(string method, string path, JsonElement operation)
    {
        if (method == "GET")
        {
            yield return (path.Contains("{id}", StringComparison.Ordinal) ? path.Replace("{id}", "nobody", StringComparison.Ordinal) : path + "?model=nobody", "");
            yield break;
        }

        yield return (path, "{");
        yield return (path, "[]");
        yield return (path, Example(operation)!.Value.GetRawText().Replace("\"model\":\"eye\"", "\"model\":\"nobody\"", StringComparison.Ordinal));
    }

    /// <summary>The described example, for the model that sees. Examples that leave the model out rely on there being one only.</summary>
    private static JsonElement? Example(JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var body))
        {
            return null;
        }

        var example = JsonNode.Parse(body.GetProperty("content").GetProperty("application/json").GetProperty("example").GetRawText())!;
        example["model"] = "eye";
        return JsonElement.Parse(example.ToJsonString());
    }

    private static IEnumerable<(string Method, string Path, JsonElement Operation)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Value.GetProperty("tags").EnumerateArray().Any(static tag => tag.GetString() is "OpenAI" or "Anthropic")
        select (operation.Name.ToUpperInvariant(), path.Name, operation.Value);

    private static IEnumerable<(RouteEndpoint Endpoint, string Route)> Routes(ScriptedServer server) =>
        from endpoint in server.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
        let path = "/" + endpoint.RoutePattern.RawText!.Replace("{**", "{", StringComparison.Ordinal).Trim('/')
        where !(path == "/metrics" && method == "HEAD")
        select (endpoint, $"{method} {path}");

    private static void AssertMembers(JsonElement document, JsonElement response, JsonElement answer, string place)
    {
        var schema = response.GetProperty("content").GetProperty("application/json").GetProperty("schema");
        AssertSchema(document, schema, answer, place);
    }

    private static void AssertSchema(JsonElement document, JsonElement schema, JsonElement value, string place)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            schema = document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        }

        if (!schema.TryGetProperty("type", out var type) || value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        var expected = type.GetString() switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            _ => value.ValueKind == JsonValueKind.Number,
        };
        Assert.True(expected, $"{place} is {value.ValueKind}, described as {type}");
        if (value.ValueKind == JsonValueKind.Object && !schema.TryGetProperty("properties", out _))
        {
            // Its members are the caller's own.
            return;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            var members = schema.GetProperty("properties").EnumerateObject().ToDictionary(static member => member.Name, static member => member.Value);
            Assert.True(members.Keys.ToHashSet().SetEquals(value.EnumerateObject().Select(static member => member.Name)), $"{place}: {string.Join(' ', members.Keys)} described, answered {value}");
            foreach (var member in value.EnumerateObject())
            {
                AssertSchema(document, members[member.Name], member.Value, $"{place}.{member.Name}");
            }
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                AssertSchema(document, schema.GetProperty("items"), item, $"{place}[]");
            }
        }
    }

    private static async Task<JsonElement> DocumentAsync(ScriptedServer server) =>
        JsonElement.Parse(await server.Client.GetStringAsync(new Uri("/swagger/v1/swagger.json", UriKind.Relative), Token));

    private static async Task<(HttpStatusCode Status, JsonElement Answer)> AskAsync(ScriptedServer server, string method, string path, string body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        request.Content = method == "POST" ? new StringContent(body, Encoding.UTF8, "application/json") : null;
        using var response = await server.Client.SendAsync(request, Token);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync(Token)));
    }
}
