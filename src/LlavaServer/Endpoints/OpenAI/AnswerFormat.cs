using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Grammars;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads what a chat request says about the form of its answer: <c>response_format</c>, and llama-server's <c>json_schema</c> and <c>grammar</c>. Two of
/// them in one request are refused. Singleton, thread-safe.
/// </summary>
internal sealed class AnswerFormat(GrammarCompiler compiler)
{
    /// <summary>Null is text without form.</summary>
    public Grammar? Read(JsonFields body)
    {
        var format = ReadResponseFormat(body);
        if (body.TryGet("json_schema", out var schema))
        {
            format = format is null ? compiler.JsonSchema(schema.Element, "json_schema") : throw Conflict("json_schema");
        }

        if (body.String("grammar") is { Length: > 0 } grammar)
        {
            format = format is null ? compiler.Gbnf(grammar, "grammar") : throw Conflict("grammar");
        }

        return format;
    }

    private Grammar? ReadResponseFormat(JsonFields body)
    {
        if (body.Object("response_format") is not { } format)
        {
            return null;
        }

        var type = format.Required("type");
        switch (type.AsString())
        {
            case "text":
                return null;
            case "json_object":
                return Schema(format) ?? compiler.JsonObject();
            case "json_schema":
                var described = format.Required("json_schema").AsObject();
                described.String("name");
                described.String("description");
                described.Boolean("strict");
                return Schema(described) ?? compiler.JsonValue();
            default:
                throw RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be text, json_object or json_schema.");
        }
    }

    // strict or not, a schema is always held.
    private Grammar? Schema(JsonFields fields) => fields.TryGet("schema", out var schema) ? compiler.JsonSchema(schema.Element, schema.Path) : null;

    private static RequestException Conflict(string name) =>
        RequestException.InvalidValue(name, $"'{name}' cannot be combined with another form of the answer ('response_format', 'json_schema', 'grammar').");
}
