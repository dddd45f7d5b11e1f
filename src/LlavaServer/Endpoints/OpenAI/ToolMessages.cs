using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads what messages say about calls of tools: <c>tool_calls</c> of an assistant, <c>tool_call_id</c> of a result.</summary>
internal static class ToolMessages
{
    /// <summary>Calls of one message at most.</summary>
    private const int MaxCalls = 128;

    public static IReadOnlyList<ToolCall> Calls(JsonFields message)
    {
        foreach (var name in (ReadOnlySpan<string>)["audio", "function_call"])
        {
            if (message.TryGet(name, out var field))
            {
                throw RequestException.Unsupported(field.Path, $"'{field.Path}' is not supported.");
            }
        }

        return message.TryGet("tool_calls", out var calls) ? [.. calls.AsArray(MaxCalls).Select(static call => Call(call.AsObject()))] : [];
    }

    /// <summary>The name of the tool that each result answers, where an earlier call has its id; some templates ask for it.</summary>
    public static IReadOnlyList<RequestMessage> WithNames(List<RequestMessage> messages)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < messages.Count; i++)
        {
            foreach (var call in messages[i].ToolCalls)
            {
                names[call.Id] = call.Name;
            }

            if (messages[i].ToolCallId is { } id && names.TryGetValue(id, out var name))
            {
                messages[i] = messages[i] with { ToolName = name };
            }
        }

        return messages;
    }

    private static ToolCall Call(JsonFields call)
    {
        if (call.TryGet("type", out var type) && type.AsString() != "function")
        {
            throw RequestException.Unsupported(type.Path, $"'{type.Path}' must be function.");
        }

        var function = call.Required("function").AsObject();
        return new ToolCall(call.Required("id").AsString(), function.Required("name").AsString(), function.String("arguments") is { Length: > 0 } arguments ? arguments : "{}");
    }
}
