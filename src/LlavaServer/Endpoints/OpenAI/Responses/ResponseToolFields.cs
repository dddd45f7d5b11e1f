using System.Buffers;
using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// Reads <c>tools</c>, <c>tool_choice</c> and <c>parallel_tool_calls</c> of responses, where the members of a function stand beside its type. Tools of
/// OpenAI's own service are skipped and listed.
/// </summary>
internal static class ResponseToolFields
{
    /// <summary>Deeper than any body that is read, which a tool is a part of.</summary>
    private const int MaxDepth = 1000;

    /// <param name="body">The request.</param>
    /// <param name="tools">All functions of the request.</param>
    /// <param name="hasForm">The answer has a form, so it cannot be a call.</param>
    /// <param name="ignored">Gets the tools that are skipped.</param>
    public static RequestTools Read(JsonFields body, Dictionary<string, RequestTool> tools, bool hasForm, List<string> ignored)
    {
        var read = Choice(body, tools, ignored) with { AllowsParallelCalls = body.Boolean("parallel_tool_calls") ?? true };
        return hasForm && read.Choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named
            ? throw RequestException.InvalidValue(
                "tool_choice", "'tool_choice' asks for a call, which cannot be combined with another form of the answer ('text.format', 'json_schema', 'grammar').")
            : read;
    }

    /// <summary>All functions of the request by their names, each in the form of inference.</summary>
    /// <param name="body">The request.</param>
    /// <param name="ignored">Gets the tools that are skipped.</param>
    public static Dictionary<string, RequestTool> Tools(JsonFields body, List<string> ignored)
    {
        var tools = new Dictionary<string, RequestTool>(StringComparer.Ordinal);
        if (body.TryGet("tools", out var field))
        {
            foreach (var item in field.AsArray(ToolFields.MaxCount))
            {
                var tool = item.AsObject();
                if (IsFunction(tool, "tools", ignored))
                {
                    ToolFields.Add(tools, tool, Nested(tool));
                }
            }
        }

        return tools;
    }

    private static RequestTools Choice(JsonFields body, Dictionary<string, RequestTool> tools, List<string> ignored)
    {
        var all = new RequestTools { Tools = [.. tools.Values] };
        if (!body.TryGet("tool_choice", out var field))
        {
            return all;
        }

        if (field.Kind == JsonValueKind.String)
        {
            return all with { Choice = ToolFields.Mode(field, tools.Count, "none, auto, required, or an object") };
        }

        if (field.Kind != JsonValueKind.Object)
        {
            throw field.WrongType("a string or an object");
        }

        var choice = field.AsObject();
        var type = choice.Required("type");
        switch (type.AsString())
        {
            case "function":
                return all with { Choice = ToolChoice.Named(ToolFields.Known(choice.Required("name"), tools)) };
            case "allowed_tools":
                var names = choice.Required("tools").AsArray(ToolFields.MaxCount).Select(static item => item.AsObject())
                    .Where(tool => IsFunction(tool, "tool_choice", ignored)).Select(tool => ToolFields.Known(tool.Required("name"), tools)).Distinct().ToList();
                return new RequestTools { Tools = [.. names.Select(name => tools[name])], Choice = ToolFields.AllowedMode(choice.Required("mode"), names.Count) };
            default:
                throw RequestException.Unsupported(type.Path, $"'{type.Path}' must be function or allowed_tools; tools are functions.");
        }
    }

    private static bool IsFunction(JsonFields tool, string field, List<string> ignored)
    {
        var type = tool.Required("type");
        if (type.AsString() == "function")
        {
            return true;
        }

        // A type that is no plain word is not repeated in a header.
        var isWord = type.AsString() is { Length: > 0 and <= 48 } word && word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        IgnoredFields.Add(new JsonField(type.Element, type.Path, false) { Name = isWord ? $"{field}.{type.AsString()}" : field }, ignored, refuse: false);
        return false;
    }

    /// <summary>The form of chat, in which templates know tools.</summary>
    private static JsonElement Nested(JsonFields tool)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, OpenAIJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            foreach (var name in (ReadOnlySpan<string>)["name", "description", "parameters", "strict"])
            {
                if (tool.TryGet(name, out var member))
                {
                    writer.WritePropertyName(name);
                    member.Element.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.WrittenSpan, new JsonDocumentOptions { MaxDepth = MaxDepth });
    }
}
