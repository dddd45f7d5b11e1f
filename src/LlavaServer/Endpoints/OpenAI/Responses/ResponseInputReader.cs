using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// Reads <c>instructions</c> and <c>input</c> as messages: calls join the assistant's message in front of them, as a chat has them. Thread-safe.
/// </summary>
internal sealed class ResponseInputReader(LimitsOptions limits)
{
    /// <param name="body">The request.</param>
    /// <param name="ignored">Gets what is accepted without effect.</param>
    public IReadOnlyList<RequestMessage> Read(JsonFields body, List<string> ignored)
    {
        var messages = new List<RequestMessage>();
        if (body.String("instructions") is { Length: > 0 } instructions)
        {
            messages.Add(new RequestMessage(ChatRole.System, [new RequestPart { Text = instructions }]));
        }

        var input = body.Required("input");
        var before = messages.Count;
        switch (input.Kind)
        {
            case JsonValueKind.String:
                messages.Add(new RequestMessage(ChatRole.User, [new RequestPart { Text = input.AsString() }]));
                break;
            case JsonValueKind.Array:
                ReadItems(input, messages, ignored);
                break;
            default:
                throw input.WrongType("a string or an array of items");
        }

        return messages.Count > before
            ? ToolMessages.WithNames(messages)
            : throw RequestException.InvalidValue(input.Path, "'input' must have at least one message.");
    }

    private void ReadItems(JsonField input, List<RequestMessage> messages, List<string> ignored)
    {
        if (input.Element.GetArrayLength() > limits.Messages)
        {
            throw RequestException.InvalidValue(input.Path, $"'input' has more than {limits.Messages} items (Limits:Messages).");
        }

        var partCount = 0;
        foreach (var item in input.AsArray())
        {
            partCount += ReadItem(item.AsObject(), messages, ignored);
            if (partCount > limits.Parts)
            {
                throw RequestException.InvalidValue(input.Path, $"The input has more than {limits.Parts} content parts (Limits:Parts).");
            }
        }
    }

    /// <summary>Returns the number of parts.</summary>
    private int ReadItem(JsonFields item, List<RequestMessage> messages, List<string> ignored)
    {
        var type = item.TryGet("type", out var field) ? field.AsString() : item.Has("role") ? "message" : throw RequestException.Missing(item.PathOf("type"));
        switch (type)
        {
            case "message":
                var role = Role(item.Required("role"));
                messages.Add(new RequestMessage(role, Parts(item.Required("content"), role)));
                return messages[^1].Parts.Count;
            case "function_call":
                AddCall(item, messages);
                return 1;
            case "function_call_output":
                var callId = item.Required("call_id").AsString();
                messages.Add(new RequestMessage(ChatRole.Tool, Parts(item.Required("output"), ChatRole.Tool)) { ToolCallId = callId });
                return messages[^1].Parts.Count;
            case "reasoning":
                IgnoredFields.Add(new JsonField(item.Element, item.Path, false) { Name = "input.reasoning" }, ignored, refuse: false);
                return 0;
            case "item_reference":
                throw RequestException.InvalidValue(field.Path, $"'{field.Path}' cannot be item_reference: this server stores nothing, so send the item itself (with 'store': false libraries do).");
            default:
                throw RequestException.InvalidValue(
                    field.Path, $"Invalid value for '{field.Path}': it must be message, function_call, function_call_output or reasoning.");
        }
    }

    private static ChatRole Role(JsonField role) => role.AsString() switch
    {
        "system" or "developer" => ChatRole.System,
        "user" => ChatRole.User,
        "assistant" => ChatRole.Assistant,
        _ => throw RequestException.InvalidValue(role.Path, $"Invalid value for '{role.Path}': it must be system, developer, user or assistant."),
    };

    private static void AddCall(JsonFields item, List<RequestMessage> messages)
    {
        var call = new ToolCall(
            item.Required("call_id").AsString(), item.Required("name").AsString(), item.Required("arguments").AsString() is { Length: > 0 } arguments ? arguments : "{}");
        if (messages is [.., { Role: ChatRole.Assistant } last])
        {
            messages[^1] = last with { ToolCalls = [.. last.ToolCalls, call] };
        }
        else
        {
            messages.Add(new RequestMessage(ChatRole.Assistant, [new RequestPart { Text = "" }]) { ToolCalls = [call] });
        }
    }

    private List<RequestPart> Parts(JsonField content, ChatRole role)
    {
        if (content.Kind == JsonValueKind.String)
        {
            return [new RequestPart { Text = content.AsString() }];
        }

        if (content.Kind != JsonValueKind.Array)
        {
            throw content.WrongType("a string or an array of parts");
        }

        var parts = new List<RequestPart>();
        foreach (var part in content.AsArray())
        {
            parts.Add(ResponsePartReader.Read(part.AsObject(), role));
            if (parts.Count > limits.Parts)
            {
                throw RequestException.InvalidValue(content.Path, $"The input has more than {limits.Parts} content parts (Limits:Parts).");
            }
        }

        // An answer without text comes back as a message without parts.
        return parts.Count > 0 ? parts
            : role == ChatRole.Assistant ? [new RequestPart { Text = "" }]
            : throw RequestException.InvalidValue(content.Path, $"'{content.Path}' must not be empty.");
    }
}
