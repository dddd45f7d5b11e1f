using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads <c>tools</c>, <c>tool_choice</c> and <c>parallel_tool_calls</c>. Schemas are judged by inference.</summary>
internal static class ToolFields
{
    public const int MaxCount = 128;
    private const int MaxNameLength = 64;

    public static RequestTools Read(JsonFields body, bool hasForm)
    {
        var tools = Tools(body);
        var read = Choice(body, tools) with { AllowsParallelCalls = body.Boolean("parallel_tool_calls") ?? true };
        if (hasForm && read.Choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named)
        {
            throw RequestException.InvalidValue(
                "tool_choice", "'tool_choice' asks for a call, which cannot be combined with another form of the answer ('response_format', 'json_schema', 'grammar').");
        }

        return read;
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
            CheckType(tool);
            var function = tool.Required("function").AsObject();
            Add(tools, function, item.Element.Clone());
        }

        return tools;
    }

    /// <summary>Checks a function and adds it by its name.</summary>
    /// <param name="tools">Those so far.</param>
    /// <param name="function">Name, description, parameters.</param>
    /// <param name="tool">The tool in the form of inference, which outlives the body.</param>
    public static void Add(Dictionary<string, RequestTool> tools, JsonFields function, JsonElement tool)
    {
        var name = function.Required("name");
        if (!IsName(name.AsString()))
        {
            throw RequestException.InvalidValue(name.Path, $"Invalid value for '{name.Path}': it must be 1 to {MaxNameLength} letters, digits, underscores and hyphens.");
        }

        function.String("description");
        function.Object("parameters");
        function.Boolean("strict");
        if (!tools.TryAdd(name.AsString(), new RequestTool(tool, function.PathOf("parameters"))))
        {
            throw RequestException.InvalidValue(name.Path, $"Invalid value for '{name.Path}': another tool has the same name.");
        }
    }

    private static void CheckType(JsonFields tool)
    {
        var type = tool.Required("type");
        switch (type.AsString())
        {
            case "function":
                break;
            case "custom":
                throw RequestException.Unsupported(type.Path, $"'{type.Path}' cannot be custom; tools are functions with a JSON schema.");
            default:
                throw RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be function.");
        }
    }

    private static RequestTools Choice(JsonFields body, Dictionary<string, RequestTool> tools)
    {
        var all = new RequestTools { Tools = [.. tools.Values] };
        if (!body.TryGet("tool_choice", out var field))
        {
            return all;
        }

        if (field.Kind == JsonValueKind.String)
        {
            return all with { Choice = Mode(field, tools.Count, "none, auto, required, or an object") };
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
                return all with { Choice = ToolChoice.Named(Known(choice.Required("function").AsObject().Required("name"), tools)) };
            case "allowed_tools":
                var allowed = choice.Required("allowed_tools").AsObject();
                var names = allowed.Required("tools").AsArray(MaxCount).Select(item => Allowed(item.AsObject(), tools)).Distinct().ToList();
                var mode = allowed.Required("mode");
                return new RequestTools { Tools = [.. names.Select(name => tools[name])], Choice = AllowedMode(mode, names.Count) };
            case "custom":
                throw RequestException.Unsupported(type.Path, $"'{type.Path}' cannot be custom; tools are functions.");
            default:
                throw RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be function or allowed_tools.");
        }
    }

    /// <summary>The mode of <c>allowed_tools</c>.</summary>
    public static ToolChoice AllowedMode(JsonField mode, int toolCount) => mode.AsString() is "auto" or "required"
        ? Mode(mode, toolCount, "auto or required")
        : throw RequestException.InvalidValue(mode.Path, $"Invalid value for '{mode.Path}': it must be auto or required.");

    /// <summary>A choice that is a word.</summary>
    public static ToolChoice Mode(JsonField field, int toolCount, string values) => field.AsString() switch
    {
        "none" => ToolChoice.None,
        "auto" => ToolChoice.Auto,
        "required" when toolCount > 0 => ToolChoice.Required,
        "required" => throw RequestException.InvalidValue(field.Path, $"'{field.Path}' is required, and there are no tools ('tools')."),
        _ => throw RequestException.InvalidValue(field.Path, $"Invalid value for '{field.Path}': it must be {values}."),
    };

    private static string Allowed(JsonFields tool, Dictionary<string, RequestTool> tools)
    {
        CheckType(tool);
        return Known(tool.Required("function").AsObject().Required("name"), tools);
    }

    /// <summary>A name of one of the tools.</summary>
    public static string Known(JsonField name, Dictionary<string, RequestTool> tools) => tools.ContainsKey(name.AsString())
        ? name.AsString()
        : throw RequestException.InvalidValue(name.Path, $"Invalid value for '{name.Path}': it is none of the names in 'tools'.");

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
