using System.Buffers;
using System.Text.Json;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>. Schemas are judged by inference, which takes tools in the form of the OpenAI dialect.</summary>
internal static class MessageTools
{
    private const int MaxCount = 128;
    private const int MaxNameLength = 128;

    /// <summary>Deeper than any body that is read, which a tool is a part of.</summary>
    private const int MaxDepth = 1000;

    public static RequestTools Read(JsonFields body)
    {
        var tools = Tools(body);
        var all = new RequestTools { Tools = [.. tools.Values] };
        if (body.Object("tool_choice") is not { } choice)
        {
            return all;
        }

        var type = choice.Required("type");
        return all with
        {
            AllowsParallelCalls = !(choice.Boolean("disable_parallel_tool_use") ?? false),
            Choice = type.AsString() switch
            {
                "auto" => ToolChoice.Auto,
                "none" => ToolChoice.None,
                "any" when tools.Count > 0 => ToolChoice.Required,
                "any" => throw RequestException.InvalidValue(type.Path, $"'{type.Path}' is any, and there are no tools ('tools')."),
                "tool" => ToolChoice.Named(Known(choice.Required("name"), tools)),
                _ => throw RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be auto, any, tool or none."),
            },
        };
    }

    private static Dictionary<string, RequestTool> Tools(JsonFields body)
    {
        var tools = new Dictionary<string, RequestTool>(StringComparer.Ordinal);
        if (!body.TryGet("tools", out var field))
        {
            return tools;
        }

        foreach (var item in field.AsArray(MaxCount))
        {
            var tool = item.AsObject();
            if (tool.TryGet("type", out var type) && type.AsString() != "custom")
            {
                throw RequestException.Unsupported(type.Path, $"'{type.Path}' must be custom: tools that a provider runs itself are not offered.");
            }

            var name = tool.Required("name");
            if (!IsName(name.AsString()))
            {
                throw RequestException.InvalidValue(name.Path, $"Invalid value for '{name.Path}': it must be 1 to {MaxNameLength} letters, digits, underscores and hyphens.");
            }

            var schema = tool.Required("input_schema");
            if (!tools.TryAdd(name.AsString(), new RequestTool(Function(name.AsString(), tool.String("description"), schema.AsObject().Element), schema.Path)))
            {
                throw RequestException.InvalidValue(name.Path, $"Invalid value for '{name.Path}': another tool has the same name.");
            }
        }

        return tools;
    }

    private static JsonElement Function(string name, string? description, JsonElement schema)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, name);
            if (description is not null)
            {
                writer.WriteString("description"u8, description);
            }

            writer.WritePropertyName("parameters"u8);
            schema.WriteTo(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        using var document = JsonDocument.Parse(json.WrittenMemory, new JsonDocumentOptions { MaxDepth = MaxDepth });
        return document.RootElement.Clone();
    }

    private static string Known(JsonField name, Dictionary<string, RequestTool> tools) => tools.ContainsKey(name.AsString())
        ? name.AsString()
        : throw RequestException.InvalidValue(name.Path, $"Invalid value for '{name.Path}': it is none of the names in 'tools'.");

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
