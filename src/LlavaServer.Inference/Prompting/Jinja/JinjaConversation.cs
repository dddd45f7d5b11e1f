using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// Messages as a template sees them, in the shape of the OpenAI API. Names of roles and of fields are the template's own words; whatever came with the
/// request is marked.
/// </summary>
internal static class JinjaConversation
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64 };

    /// <param name="messages">The messages that the template writes.</param>
    /// <param name="capabilities">What the template takes.</param>
    public static JinjaList Messages(IReadOnlyList<ChatMessage> messages, JinjaCapabilities capabilities)
    {
        var values = new List<object?>(messages.Count);
        var imageCount = 0;
        foreach (var message in messages)
        {
            var value = new JinjaMap();
            value.Set("role", JinjaText.Of(RoleOf(message.Role)));
            value.Set("content", Content(message.Parts, capabilities, ref imageCount));
            if (message.Thinking.Length > 0)
            {
                // Some templates read the one, some the other.
                var thinking = JinjaText.Of(message.Thinking, JinjaText.Input);
                value.Set("reasoning_content", thinking);
                value.Set("thinking", thinking);
            }

            if (message.ToolName is { } toolName)
            {
                value.Set("name", JinjaText.Of(toolName, JinjaText.Input));
            }

            if (message.ToolCallId is { } callId)
            {
                value.Set("tool_call_id", JinjaText.Of(callId, JinjaText.Input));
            }

            if (message.ToolCalls.Count > 0)
            {
                value.Set("tool_calls", new JinjaList([.. message.ToolCalls.Select(c => Call(c, capabilities.TakesObjectArguments))]));
            }

            values.Add(value);
        }

        return new JinjaList(values);
    }

    /// <summary>Ids of calls as nine letters and digits, the same for the same id.</summary>
    public static IReadOnlyList<ChatMessage> WithShortIds(IReadOnlyList<ChatMessage> messages)
    {
        const int length = 9;
        static string Short(string id) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..length];
        return
        [
            .. messages.Select(m => m with
            {
                ToolCalls = [.. m.ToolCalls.Select(c => c with { Id = Short(c.Id) })],
                ToolCallId = m.ToolCallId is { } id ? Short(id) : null,
            }),
        ];
    }

    /// <summary>The system message folded into the next message, for a template that does not write it.</summary>
    public static IReadOnlyList<ChatMessage> FoldSystem(IReadOnlyList<ChatMessage> messages)
    {
        if (messages is not [{ Role: ChatRole.System } system, ..])
        {
            return messages;
        }

        if (messages.Count == 1)
        {
            return [new ChatMessage(ChatRole.User, system.Parts)];
        }

        return [messages[1] with { Parts = [.. system.Parts, .. messages[1].Parts] }, .. messages.Skip(2)];
    }

    /// <summary>Messages of one role in a row as one, and a user's in front: for a template that insists on turns.</summary>
    public static IReadOnlyList<ChatMessage> Alternating(IReadOnlyList<ChatMessage> messages)
    {
        var turns = new List<ChatMessage>();
        foreach (var message in messages)
        {
            var role = message.Role == ChatRole.Tool ? ChatRole.User : message.Role;
            if (turns.Count > 0 && turns[^1].Role == role && role != ChatRole.System)
            {
                turns[^1] = turns[^1] with { Parts = [.. turns[^1].Parts, .. message.Parts] };
                continue;
            }

            if (role == ChatRole.Assistant && turns.TrueForAll(t => t.Role == ChatRole.System))
            {
                turns.Add(new ChatMessage(ChatRole.User, [MessagePart.FromText("")]));
            }

            turns.Add(new ChatMessage(role, message.Parts));
        }

        return turns;
    }

    private static string RoleOf(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.Assistant => "assistant",
        ChatRole.Tool => "tool",
        _ => "user",
    };

    private static object Content(IReadOnlyList<MessagePart> parts, JinjaCapabilities capabilities, ref int imageCount)
    {
        var hasImages = parts.Any(p => p.ImageBytes is not null);
        if (capabilities.TakesText && (hasImages ? capabilities.Placeholder is null : parts.Count <= 1 || !capabilities.TakesParts))
        {
            var text = new JinjaTextBuilder(null);
            foreach (var _ in parts.Where(p => p.ImageBytes is not null))
            {
                text.Append(JinjaText.Image(imageCount++)).Append("\n");
            }

            return text.Append(string.Join('\n', parts.Where(p => p.Text is not null).Select(p => p.Text)), JinjaText.Input).ToText();
        }

        var items = new List<object?>(parts.Count);
        foreach (var part in parts.Count > 0 ? parts : [MessagePart.FromText("")])
        {
            var item = new JinjaMap();
            var isImage = part.ImageBytes is not null;
            item.Set("type", JinjaText.Of(isImage && capabilities.Placeholder is not null ? "image" : "text"));
            if (!isImage)
            {
                item.Set("text", JinjaText.Of(part.Text!, JinjaText.Input));
            }
            else if (capabilities.Placeholder is null)
            {
                item.Set("text", JinjaText.Image(imageCount));
            }

            imageCount += isImage ? 1 : 0;
            items.Add(item);
        }

        return new JinjaList(items);
    }

    private static JinjaMap Call(ToolCall call, bool takesObject)
    {
        var function = new JinjaMap();
        function.Set("name", JinjaText.Of(call.Name, JinjaText.Input));
        function.Set("arguments", (takesObject ? Parsed(call.Arguments) : null) ?? JinjaText.Of(call.Arguments, JinjaText.Input));
        var value = new JinjaMap();
        value.Set("type", JinjaText.Of("function"));
        value.Set("function", function);
        if (call.Id.Length > 0)
        {
            value.Set("id", JinjaText.Of(call.Id, JinjaText.Input));
        }

        return value;
    }

    private static object? Parsed(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments, s_json);
            return JinjaJson.Read(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
