using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace LlavaServer.Endpoints.Documentation;

/// <summary>The schema that an example has: names and types of its members. A member that is null in the example may be anything.</summary>
internal static class ExampleSchema
{
    public static OpenApiSchema Of(JsonNode? example) => example switch
    {
        JsonObject members => new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = members.ToDictionary(static member => member.Key, static member => (IOpenApiSchema)Of(member.Value)),
        },
        JsonArray items => new OpenApiSchema { Type = JsonSchemaType.Array, Items = items.Count > 0 ? Of(items[0]) : new OpenApiSchema() },
        JsonValue value => new OpenApiSchema { Type = TypeOf(value) },
        _ => new OpenApiSchema(),
    };

    private static JsonSchemaType TypeOf(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => JsonSchemaType.String,
        JsonValueKind.True or JsonValueKind.False => JsonSchemaType.Boolean,
        _ => value.TryGetValue<long>(out _) ? JsonSchemaType.Integer : JsonSchemaType.Number,
    };
}
