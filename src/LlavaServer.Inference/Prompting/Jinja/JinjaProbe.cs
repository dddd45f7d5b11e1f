using System.Text.Json;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Messages and tools of the small conversations that templates are tried with.</summary>
internal static class JinjaProbe
{
    public const string ToolName = "tool1";
    public const string ArgumentName = "Aa5name";
    public const string ArgumentValue = "Vv3value";
    public const string FirstCallId = "call00001";
    public const string SecondCallId = "call00002";

    /// <summary>Stands in the description of the tool alone.</summary>
    public const string ParameterName = "Bb6";

    /// <summary>Arguments of the calls.</summary>
    public const string ArgumentsJson = $$"""{"{{ArgumentName}}":"{{ArgumentValue}}"}""";

    /// <summary>The tools, as a request has them.</summary>
    public const string ToolsJson =
        $$$$"""[{"type":"function","function":{"name":"{{{{ToolName}}}}","description":"x","parameters":{"type":"object","properties":{"{{{{ParameterName}}}}":{"type":"string","description":"y"}},"required":["{{{{ParameterName}}}}"]}}}]""";

    public static JinjaMap Message(string role, object? content)
    {
        var message = new JinjaMap();
        message.Set("role", JinjaText.Of(role));
        message.Set("content", content);
        return message;
    }

    public static JinjaMap Part(string type, string? text)
    {
        var part = new JinjaMap();
        part.Set("type", JinjaText.Of(type));
        if (text is not null)
        {
            part.Set("text", JinjaText.Of(text));
        }

        return part;
    }

    /// <summary>A message of the assistant that calls the tool, once for each id.</summary>
    public static JinjaMap Calling(object? content, bool asText, params IReadOnlyList<string> ids)
    {
        var arguments = asText ? JsonSerializer.Serialize(ArgumentsJson) : ArgumentsJson;
        var calls = string.Join(',', ids.Select(id => $$$"""{"type":"function","function":{"name":"{{{ToolName}}}","arguments":{{{arguments}}}},"id":"{{{id}}}"}"""));
        var message = Message("assistant", content);
        message.Set("tool_calls", Json($"[{calls}]"));
        return message;
    }

    public static JinjaMap Answer(object? content, string id)
    {
        var message = Message("tool", content);
        message.Set("name", JinjaText.Of(ToolName));
        message.Set("tool_call_id", JinjaText.Of(id));
        return message;
    }

    public static object? Tools() => Json(ToolsJson);

    private static object? Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return JinjaJson.Read(document.RootElement);
    }
}
