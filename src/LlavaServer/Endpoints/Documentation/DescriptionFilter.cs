using System.Text.Json.Nodes;
using LlavaServer.Endpoints.OpenAI;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace LlavaServer.Endpoints.Documentation;

/// <summary>
/// Puts <see cref="RequestExample"/> and <see cref="AnswerExample"/> into the API's description: bodies are read and written by hand, so the framework
/// cannot see them.
/// </summary>
internal sealed class DescriptionFilter : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        foreach (var answer in metadata.OfType<AnswerExample>())
        {
            Describe(operation, context, answer, static status => status == "200");
            Describe(operation, context, answer.Error ?? OpenAIAnswers.Error, static status => status[0] is '4' or '5');
        }

        if (metadata.OfType<RequestExample>().FirstOrDefault() is not { } example)
        {
            return;
        }

        var schema = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema>() };
        foreach (var (name, type, description) in example.Members)
        {
            schema.Properties[name] = new OpenApiSchema { Type = TypeOf(type), Description = description };
        }

        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/json"] = new OpenApiMediaType { Schema = schema, Example = JsonNode.Parse(example.Json) },
            },
        };
    }

    private static void Describe(OpenApiOperation operation, OperationFilterContext context, AnswerExample answer, Func<string, bool> isMeant)
    {
        var schemas = context.SchemaRepository;
        var schema = schemas.Schemas.ContainsKey(answer.Name)
            ? new OpenApiSchemaReference(answer.Name, context.Document)
            : schemas.AddDefinition(answer.Name, ExampleSchema.Of(JsonNode.Parse(answer.Json)));
        foreach (var response in operation.Responses!.Where(response => isMeant(response.Key)).Select(static response => response.Value).OfType<OpenApiResponse>())
        {
            response.Content ??= new Dictionary<string, IOpenApiMediaType>();
            response.Content["application/json"] = new OpenApiMediaType { Schema = schema };
        }
    }

    private static JsonSchemaType TypeOf(string type) => type switch
    {
        "string" => JsonSchemaType.String,
        "integer" => JsonSchemaType.Integer,
        "number" => JsonSchemaType.Number,
        "boolean" => JsonSchemaType.Boolean,
        "array" => JsonSchemaType.Array,
        _ => JsonSchemaType.Object,
    };
}
