using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads the messages of a chat request. Thread-safe.</summary>
internal sealed class MessagesReader(LimitsOptions limits)
{
    public IReadOnlyList<RequestMessage> Read(JsonFields body)
    {
        var field = body.Required("messages");
        if (field.Kind == JsonValueKind.Array && field.Element.GetArrayLength() > limits.Messages)
        {
            throw RequestException.InvalidValue("messages", $"'messages' has more than {limits.Messages} items (Limits:Messages).");
        }

        var messages = new List<RequestMessage>();
        var partCount = 0;
        foreach (var item in field.AsArray())
        {
            var message = ReadMessage(item.AsObject());
            partCount += message.Parts.Count + message.ToolCalls.Count;
            if (partCount > limits.Parts)
            {
                throw RequestException.InvalidValue("messages", $"The messages have more than {limits.Parts} content parts (Limits:Parts).");
            }

            messages.Add(message);
        }

        return messages.Count > 0 ? ToolMessages.WithNames(messages) : throw RequestException.InvalidValue("messages", "'messages' must have at least one item.");
    }

    private RequestMessage ReadMessage(JsonFields message)
    {
        var field = message.Required("role");
        var role = field.AsString() switch
        {
            "system" or "developer" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            "tool" => ChatRole.Tool,
            "function" => throw RequestException.Unsupported(field.Path, "Messages of functions are superseded by those of tools (role tool)."),
            _ => throw RequestException.InvalidValue(field.Path, $"Invalid value for '{field.Path}': it must be system, developer, user, assistant or tool."),
        };
        return new RequestMessage(role, Content(message, role))
        {
            Thinking = role == ChatRole.Assistant ? Thinking(message) : "",
            ToolCalls = role == ChatRole.Assistant ? ToolMessages.Calls(message) : [],
            ToolCallId = role == ChatRole.Tool ? message.Required("tool_call_id").AsString() : null,
        };
    }

    // The first is the name that this server and llama-server use, the second is that of others.
    private static string Thinking(JsonFields message)
    {
        foreach (var name in (ReadOnlySpan<string>)["reasoning_content", "reasoning"])
        {
            if (message.TryGet(name, out var field) && field.Kind == JsonValueKind.String && field.AsString() is { Length: > 0 } thinking)
            {
                return thinking;
            }
        }

        return "";
    }

    private List<RequestPart> Content(JsonFields message, ChatRole role)
    {
        if (!message.TryGet("content", out var content))
        {
            return role == ChatRole.Assistant ? [new RequestPart { Text = "" }] : throw RequestException.Missing(message.PathOf("content"));
        }

        return content.Kind switch
        {
            JsonValueKind.String => [new RequestPart { Text = content.AsString() }],
            JsonValueKind.Array => Parts(content, role),
            _ => throw content.WrongType("a string or an array of parts"),
        };
    }

    private List<RequestPart> Parts(JsonField content, ChatRole role)
    {
        var parts = new List<RequestPart>();
        foreach (var item in content.AsArray())
        {
            parts.Add(PartReader.Read(item.AsObject(), role));
            if (parts.Count > limits.Parts)
            {
                throw RequestException.InvalidValue(content.Path, $"The messages have more than {limits.Parts} content parts (Limits:Parts).");
            }
        }

        return parts.Count > 0 ? parts : throw RequestException.InvalidValue(content.Path, $"'{content.Path}' must not be empty.");
    }
}
