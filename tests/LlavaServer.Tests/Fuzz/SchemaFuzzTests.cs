using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Fuzz;

/// <summary>
/// Random schemas and grammars: each is compiled in bounded time and its answer holds, or it is refused by the code that the contract names. The server
/// goes on.
/// </summary>
public sealed class SchemaFuzzTests
{
    private static readonly string[] s_types = ["object", "array", "string", "number", "integer", "boolean", "null", "unheard-of"];
    private static readonly string[] s_names = ["a", "b", "", "$ref", "é"];

    private static readonly string[] s_keywords =
    [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems",
        "minProperties", "maxProperties", "const", "enum", "required", "additionalProperties", "propertyNames", "patternProperties", "not", "if", "dependentRequired", "contains",
    ];

    private static readonly string[] s_values =
    [
        "0", "1", "-1", "3", "0.1", "1e300", "99999999999999999999", "true", "false", "null", "\"\"", "\"^[a-z]{2,5}$\"", "\"(a|b)*c+\"", "\"(((((a*)*)*)*)*)\"", "\"[\"", "\"a{1,99999}\"", "\"date-time\"",
        "\"uuid\"", "[]", "[1,\"a\",null]", "[\"a\",\"b\"]", "{}", "{\"type\":\"string\"}",
    ];

    private static readonly string[] s_grammarPieces =
        ["root", " ::= ", "\"a\"", "[a-z]", "[^\\\"]", "[z-a]", "(", ")", "|", "*", "+", "?", "{2,3}", "{99999}", "{", "root2", "\n", " ", "\\", "#", ".", "\"\\x\"", "[\\u0000-\\U0010ffff]", "root"];

    [Fact]
    public async Task JsonSchema_RandomSchemas_HeldOrRefusedByCode()
    {
        var seed = Environment.TickCount;
        var source = new FuzzSource(seed);
        await using var server = await ScriptedServer.StartAsync();
        var held = 0;
        for (var i = 0; i < 250; i++)
        {
            var schema = Schema(source, depth: 3).ToString();
            var place = $"seed {seed}: {schema}";
            var (status, answer) = await PostAsync(server, $$"""{"model":"eye","messages":[{"role":"user","content":"Hi"}],"max_tokens":60,"seed":1,"json_schema":{{schema}}}""");
            if (status == HttpStatusCode.OK)
            {
                held++;
                var choice = answer.GetProperty("choices")[0];
                if (choice.GetProperty("finish_reason").GetString() == "stop")
                {
                    var content = choice.GetProperty("message").GetProperty("content").GetString()!;
                    Assert.True(IsJson(content), $"{place}\n{content}");
                }
            }
            else
            {
                Assert.True(status == HttpStatusCode.BadRequest && Code(answer) is "invalid_json_schema", $"{place}\n{status} {answer}");
            }
        }

        Assert.InRange(held, 25, 250);
        await server.AssertIdleAsync();
    }

    [Fact]
    public async Task Grammar_RandomTexts_HeldOrRefusedByCode()
    {
        var seed = Environment.TickCount;
        var source = new FuzzSource(seed);
        await using var server = await ScriptedServer.StartAsync();
        for (var i = 0; i < 250; i++)
        {
            var grammar = "root ::= " + string.Concat(Enumerable.Range(0, 1 + source.Below(14)).Select(_ => source.Pick(s_grammarPieces)));
            var body = $$"""{"model":"eye","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"grammar":{{JsonSerializer.Serialize(grammar)}}}""";
            var (status, answer) = await PostAsync(server, body);
            Assert.True(
                status == HttpStatusCode.OK || (status == HttpStatusCode.BadRequest && Code(answer) is "invalid_grammar"),
                $"seed {seed}: {grammar}\n{status} {answer}");
        }

        await server.AssertIdleAsync();
    }

    private static FuzzNode Schema(FuzzSource source, int depth)
    {
        var node = FuzzNode.Object([], []);
        if (source.Below(5) > 0)
        {
            node = node.With("type", FuzzNode.Text(source.Pick(s_types[..(source.Below(12) == 0 ? 8 : 7)])));
        }

        for (var i = source.Below(3); i > 0 && depth > 0; i--)
        {
            node = source.Below(8) switch
            {
                0 or 1 or 2 => node.With("properties", FuzzNode.Object(["a", "b"], [Schema(source, depth - 1), Schema(source, depth - 1)])),
                3 => node.With("items", Schema(source, depth - 1)),
                4 => node.With(source.Pick<string>(["anyOf", "oneOf", "allOf", "prefixItems"]), FuzzNode.Array(Schema(source, depth - 1), Schema(source, depth - 1))),
                5 => node.With("$defs", FuzzNode.Object([source.Pick(s_names)], [Schema(source, depth - 1)])),
                6 => node.With("$ref", FuzzNode.Text(source.Pick<string>(["#", "#/$defs/a", "#/properties/a", "#/nowhere", "http://example.org/x"]))),
                _ => node.With("required", FuzzNode.Leaf("[\"a\"]")),
            };
        }

        return source.Below(3) == 0 ? node.With(source.Pick(s_keywords), FuzzNode.Leaf(source.Pick(s_values))) : node;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(ScriptedServer server, string body)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), content, limit.Token);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(limit.Token));
    }

    private static string? Code(JsonElement answer) => answer.GetProperty("error").GetProperty("code").GetString();

    private static bool IsJson(string text)
    {
        try
        {
            JsonElement.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
