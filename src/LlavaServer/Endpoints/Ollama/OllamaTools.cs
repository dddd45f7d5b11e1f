using System.Text.Json;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Reads what a chat request says about tools: those that may be called, and calls in messages.</summary>
internal static class OllamaTools
{
    private const int MaxCount = 128;

    /// <summary>Names and schemas are judged by inference.</summary>
    public static IReadOnlyList<JsonElement> Read(JsonFields root)
    {
        var tools = new List<JsonElement>();
        if (!root.TryGet("tools", out var field))
        {
            return tools;
        }

        foreach (var item in field.AsArray(MaxCount))
        {
            var tool = item.AsObject();
            if (tool.String("type") is { } type and not "function")
            {
                throw RequestException.Unsupported(tool.PathOf("type"), $"{tool.PathOf("type")}: {OllamaText.Quote(type)} is not supported, tools are of type \"function\"");
            }

            var function = tool.Required("function").AsObject();
            function.Required("name").AsString();
            function.String("description");
            function.Object("parameters");
            tools.Add(item.Element.Clone());
        }

        return tools;
    }

    public static IReadOnlyList<OllamaToolCall>? Calls(JsonFields message)
    {
        if (!message.TryGet("tool_calls", out var field))
        {
            return null;
        }

        var calls = field.AsArray(MaxCount).Select(static item => Call(item.AsObject())).ToList();
        return calls.Count > 0 ? calls : null;
    }

    private static OllamaToolCall Call(JsonFields call)
    {
        var function = call.Required("function").AsObject();
        var arguments = function.Object("arguments")?.Element;
        return new OllamaToolCall
        {
            Id = call.String("id"),
            Function = new OllamaToolFunction
            {
                Index = function.Int32("index") ?? 0,
                Name = function.Required("name").AsString(),
                Arguments = arguments?.Clone() ?? JsonSerializer.SerializeToElement(new Dictionary<string, string>()),
            },
        };
    }
}
