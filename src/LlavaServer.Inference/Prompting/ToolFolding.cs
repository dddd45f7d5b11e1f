using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// Tools as text, for models whose template has no place for them: the system text lists them and says how they are called, calls stand in the
/// assistant's messages in the form of <see cref="Tools.CallSyntax.Generic"/>, and results in the user's next message. Keeps the order of pictures.
/// </summary>
internal static class ToolFolding
{
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether anything of the conversation needs a place for tools.</summary>
    public static bool IsNeeded(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement> tools) =>
        tools.Count > 0 || messages.Any(static m => m.Role == ChatRole.Tool || m.ToolCalls.Count > 0);

    /// <summary>The same conversation in messages of system, user and assistant.</summary>
    public static IReadOnlyList<ChatMessage> Fold(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement> tools)
    {
        if (!IsNeeded(messages, tools))
        {
            return messages;
        }

        var folded = new List<ChatMessage>(messages.Count + 1);
        var afterResult = false;
        foreach (var message in messages)
        {
            var isResult = message.Role == ChatRole.Tool;
            IReadOnlyList<MessagePart> parts = isResult ? Result(message.Parts) : message.ToolCalls.Count > 0 ? Calls(message) : message.Parts;
            var role = isResult ? ChatRole.User : message.Role;
            if (afterResult && role == ChatRole.User)
            {
                folded[^1] = folded[^1] with { Parts = Joined(folded[^1].Parts, parts, "\n") };
            }
            else
            {
                folded.Add(new ChatMessage(role, parts));
            }

            afterResult = role == ChatRole.User && (isResult || afterResult);
        }

        if (tools.Count > 0)
        {
            AddDescription(folded, Describe(tools));
        }

        return folded;
    }

    private static void AddDescription(List<ChatMessage> messages, string description)
    {
        var system = messages.FindIndex(static m => m.Role == ChatRole.System && m.Parts.All(static p => p.Text is not null));
        if (system < 0)
        {
            messages.Insert(0, new ChatMessage(ChatRole.System, [MessagePart.FromText(description)]));
            return;
        }

        messages[system] = messages[system] with { Parts = Joined(messages[system].Parts, [MessagePart.FromText(description)], "\n\n") };
    }

    private static string Describe(IReadOnlyList<JsonElement> tools)
    {
        var text = new StringBuilder("You may call functions. They are, each with a JSON schema of its arguments:\n<tools>\n");
        foreach (var tool in tools)
        {
            text.Append(Compact(tool.TryGetProperty("function", out var function) ? function : tool)).Append('\n');
        }

        return text.Append("</tools>\nTo call one, answer with its name and arguments in this form:\n")
            .Append("<tool_call>\n{\"name\": \"...\", \"arguments\": {...}}\n</tool_call>\nResults come back in <tool_response></tool_response>.")
            .ToString();
    }

    private static MessagePart[] Calls(ChatMessage message)
    {
        var text = new StringBuilder();
        foreach (var call in message.ToolCalls)
        {
            var arguments = string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments;
            text.Append(text.Length > 0 ? "\n" : "").Append("<tool_call>\n{\"name\": ").Append(Quoted(call.Name)).Append(", \"arguments\": ").Append(arguments).Append("}\n</tool_call>");
        }

        var said = message.Parts.Where(static p => p.Text is not { Length: 0 });
        return Joined([.. said], [MessagePart.FromText(text.ToString())], "\n");
    }

    // Texts that meet become one: not every template writes something between them.
    private static MessagePart[] Joined(IReadOnlyList<MessagePart> one, IReadOnlyList<MessagePart> other, string between) =>
        one is [.., { Text: { } last }] && other is [{ Text: { } first }, ..]
            ? [.. one.SkipLast(1), MessagePart.FromText(last + between + first), .. other.Skip(1)]
            : [.. one, .. other];

    private static MessagePart[] Result(IReadOnlyList<MessagePart> parts)
    {
        var text = string.Join('\n', parts.Where(static p => p.Text is not null).Select(static p => p.Text));
        return [.. parts.Where(static p => p.ImageBytes is not null), MessagePart.FromText($"<tool_response>\n{text}\n</tool_response>")];
    }

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static string Compact(JsonElement element)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, s_json))
        {
            element.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
