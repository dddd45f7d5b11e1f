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

    /// <summary>The same for responses, whose form is <c>text.format</c> with the members of a schema beside its type.</summary>
    /// <param name="text">The member <c>text</c>, if it is there.</param>
    /// <param name="other">What <c>json_schema</c> or <c>grammar</c> ask for.</param>
    public Grammar? ReadFlat(JsonFields? text, Grammar? other)
    {
        if (text?.Object("format") is not { } format)
        {
            return other;
        }

        var type = format.Required("type");
        var form = type.AsString() switch
        {
            "text" => null,
            "json_object" => Schema(format) ?? compiler.JsonObject(),
            "json_schema" => Described(format) ?? throw RequestException.Missing(format.PathOf("schema")),
            _ => throw InvalidType(type),
        };
        return form is null ? other : other is null ? form : throw Conflict("text.format");
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
                return Described(format.Required("json_schema").AsObject()) ?? compiler.JsonValue();
            default:
                throw InvalidType(type);
        }
    }

    private Grammar? Described(JsonFields schema)
    {
        schema.String("name");
        schema.String("description");
        schema.Boolean("strict");
        return Schema(schema);
    }

    // strict or not, a schema is always held.
    private Grammar? Schema(JsonFields fields) => fields.TryGet("schema", out var schema) ? compiler.JsonSchema(schema.Element, schema.Path) : null;

    private static RequestException InvalidType(JsonField type) =>
        RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be text, json_object or json_schema.");

    private static RequestException Conflict(string name) =>
        RequestException.InvalidValue(name, $"'{name}' cannot be combined with another form of the answer ('response_format' or 'text.format', 'json_schema', 'grammar').");
}
