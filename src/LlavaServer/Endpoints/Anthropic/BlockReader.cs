using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>
/// Reads messages and their content blocks into the messages that chat requests have: results of tools become messages of their own, in their order. A
/// block is read or refused, never dropped, but for a model's thoughts, which are not shown to it again. Thread-safe.
/// </summary>
internal sealed class BlockReader(LimitsOptions limits)
{
    private const string ToolFailed = "The tool failed:";

    public IReadOnlyList<RequestMessage> Read(JsonFields body)
    {
        var messages = new List<RequestMessage>();
        if (body.TryGet("system", out var system))
        {
            messages.Add(System(system));
        }

        var field = body.Required("messages");
        if (field.Kind == JsonValueKind.Array && field.Element.GetArrayLength() > limits.Messages)
        {
            throw RequestException.InvalidValue("messages", $"'messages' has more than {limits.Messages} items (Limits:Messages).");
        }

        var begin = messages.Count;
        var partCount = 0;
        foreach (var item in field.AsArray())
        {
            foreach (var message in Messages(item.AsObject()))
            {
                partCount += message.Parts.Count + message.ToolCalls.Count;
                if (partCount > limits.Parts)
                {
                    throw RequestException.InvalidValue("messages", $"The messages have more than {limits.Parts} content blocks (Limits:Parts).");
                }

                messages.Add(message);
            }
        }

        return messages.Count > begin ? ToolMessages.WithNames(messages) : throw RequestException.InvalidValue("messages", "'messages' must have at least one item.");
    }

    // Texts of blocks become one, as those of several system messages do elsewhere.
    private static RequestMessage System(JsonField content)
    {
        var texts = content.Kind == JsonValueKind.String
            ? [content.AsString()]
            : Blocks(content).Select(static block => TypeOf(block) == "text" ? TextOf(block) : throw Unknown(block, "text"));
        return new RequestMessage(ChatRole.System, [new RequestPart { Text = string.Join('\n', texts) }]);
    }

    private static IEnumerable<RequestMessage> Messages(JsonFields message)
    {
        var role = message.Required("role");
        var content = message.Required("content");
        return role.AsString() switch
        {
            "user" => User(content),
            "assistant" => [Assistant(content)],
            _ => throw RequestException.InvalidValue(role.Path, $"Invalid value for '{role.Path}': it must be user or assistant; instructions stand in 'system'."),
        };
    }

    private static IEnumerable<RequestMessage> User(JsonField content)
    {
        if (content.Kind == JsonValueKind.String)
        {
            yield return new RequestMessage(ChatRole.User, [new RequestPart { Text = content.AsString() }]);
            yield break;
        }

        var parts = new List<RequestPart>();
        foreach (var block in Blocks(content))
        {
            if (TypeOf(block) != "tool_result")
            {
                parts.Add(Part(block, "text, image or tool_result"));
                continue;
            }

            if (parts.Count > 0)
            {
                yield return new RequestMessage(ChatRole.User, parts);
                parts = [];
            }

            yield return new RequestMessage(ChatRole.Tool, Result(block)) { ToolCallId = block.Required("tool_use_id").AsString() };
        }

        if (parts.Count > 0)
        {
            yield return new RequestMessage(ChatRole.User, parts);
        }
    }

    private static RequestMessage Assistant(JsonField content)
    {
        if (content.Kind == JsonValueKind.String)
        {
            return new RequestMessage(ChatRole.Assistant, [new RequestPart { Text = content.AsString() }]);
        }

        var parts = new List<RequestPart>();
        var calls = new List<ToolCall>();
        foreach (var block in Blocks(content))
        {
            switch (TypeOf(block))
            {
                case "text":
                    parts.Add(new RequestPart { Text = TextOf(block) });
                    break;
                case "tool_use":
                    var input = block.Required("input").AsObject().Element.GetRawText();
                    calls.Add(new ToolCall(block.Required("id").AsString(), block.Required("name").AsString(), input));
                    break;
                case "thinking" or "redacted_thinking":
                    break;
                default:
                    throw Unknown(block, "text, tool_use or thinking");
            }
        }

        return new RequestMessage(ChatRole.Assistant, parts.Count > 0 ? parts : [new RequestPart { Text = "" }]) { ToolCalls = calls };
    }

    private static List<RequestPart> Result(JsonFields block)
    {
        var parts = new List<RequestPart>();
        if (block.Boolean("is_error") ?? false)
        {
            parts.Add(new RequestPart { Text = ToolFailed });
        }

        if (block.TryGet("content", out var content))
        {
            parts.AddRange(content.Kind == JsonValueKind.String
                ? [new RequestPart { Text = content.AsString() }]
                : Blocks(content).Select(static part => Part(part, "text or image")));
        }

        return parts.Count > 0 ? parts : [new RequestPart { Text = "" }];
    }

    private static RequestPart Part(JsonFields block, string types) => TypeOf(block) switch
    {
        "text" => new RequestPart { Text = TextOf(block) },
        "image" => PartReader.Read(block, ChatRole.User),
        _ => throw Unknown(block, types),
    };

    private static IEnumerable<JsonFields> Blocks(JsonField content) => content.Kind == JsonValueKind.Array
        ? content.AsArray().Select(static item => item.AsObject())
        : throw content.WrongType("a string or an array of content blocks");

    private static string TypeOf(JsonFields block) => block.Required("type").AsString();

    private static string TextOf(JsonFields block) => block.Required("text").AsString();

    private static RequestException Unknown(JsonFields block, string types) =>
        RequestException.InvalidValue(block.PathOf("type"), $"Invalid value for '{block.PathOf("type")}': it must be {types}.");
}
