using System.Text.Json;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A conversation as Ollama gives it to templates. Names of roles are the template's own words; whatever came with the request is marked.</summary>
internal static class GoConversation
{
    private const string Between = "\n\n";

    /// <summary>Ollama's "collate": neighbours of one role become one message, but results of tools stay alone. Pictures stand where their parts do.</summary>
    public static List<GoTurn> Collate(IReadOnlyList<ChatMessage> messages)
    {
        var turns = new List<GoTurn>(messages.Count);
        var imageCount = 0;
        foreach (var message in messages)
        {
            var first = imageCount;
            var content = Content(message, ref imageCount);
            if (turns.Count > 0 && turns[^1].Role == message.Role && message.Role != ChatRole.Tool)
            {
                var joined = new JinjaTextBuilder(null).Append(turns[^1].Content).Append(Between, JinjaText.Input).Append(content);
                turns[^1] = turns[^1] with
                {
                    Content = joined.ToText(),
                    Calls = [.. turns[^1].Calls, .. message.ToolCalls],
                    ImageCount = turns[^1].ImageCount + imageCount - first,
                };
                continue;
            }

            turns.Add(new GoTurn(message.Role, content, message.ToolCalls)
            {
                Thinking = JinjaText.Of(message.Thinking, JinjaText.Input),
                ImageCount = imageCount - first,
                ToolName = message.ToolName,
                ToolCallId = message.ToolCallId,
            });
        }

        return turns;
    }

    /// <summary>All system texts in one.</summary>
    public static JinjaText System(IReadOnlyList<GoTurn> turns)
    {
        var system = new JinjaTextBuilder(null);
        foreach (var turn in turns.Where(static t => t.Role == ChatRole.System))
        {
            system.Append(system.Length > 0 ? Between : "", JinjaText.Input).Append(turn.Content);
        }

        return system.ToText();
    }

    /// <summary>The values that every template has, and those given.</summary>
    public static GoMap Root(IReadOnlyDictionary<string, JsonElement> variables, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var isThinkSet = variables.TryGetValue(PromptVariables.Thinking, out var think);
        var entries = new List<KeyValuePair<JinjaText, object?>>
        {
            KeyValuePair.Create(JinjaText.Of("Response"), (object?)JinjaText.Empty),
            KeyValuePair.Create(JinjaText.Of("Think"), (object?)(isThinkSet && think.ValueKind == JsonValueKind.True)),
            KeyValuePair.Create(JinjaText.Of("ThinkLevel"), (object?)(variables.TryGetValue(PromptVariables.ThinkLevel, out var level) && level.ValueKind == JsonValueKind.String
                ? JinjaText.Of(level.GetString()!, JinjaText.Input)
                : JinjaText.Empty)),
            KeyValuePair.Create(JinjaText.Of("IsThinkSet"), (object?)isThinkSet),
        };
        foreach (var (name, value) in values)
        {
            entries.Add(KeyValuePair.Create(JinjaText.Of(name), value));
        }

        return new GoMap(entries, "map[string]interface {}");
    }

    public static GoList Messages(IReadOnlyList<GoTurn> turns) => GoList.Of([.. turns.Select(Message)], "[]*template.templateMessage");

    private static JinjaText Content(ChatMessage message, ref int imageCount)
    {
        var content = new JinjaTextBuilder(null);
        MessagePart? last = null;
        foreach (var part in message.Parts)
        {
            content = part.Text is { } text
                ? content.Append(last?.Text is null ? "" : Between, JinjaText.Input).Append(text, JinjaText.Input)
                : content.Append(JinjaText.Image(imageCount++));
            last = part;
        }

        return content.ToText();
    }

    private static GoStruct Message(GoTurn turn) => new(
        "*template.templateMessage",
        GoShape.Plain,
        Field("Role", JinjaText.Of(turn.Role switch
        {
            ChatRole.System => "system",
            ChatRole.Assistant => "assistant",
            ChatRole.Tool => "tool",
            _ => "user",
        })),
        Field("Content", turn.Content),
        Field("Thinking", turn.Thinking),
        Field("Images", turn.ImageCount == 0
            ? GoList.Nil("[]api.ImageData")
            : GoList.Of([.. Enumerable.Repeat(GoList.Of([], "api.ImageData"), turn.ImageCount)], "[]api.ImageData")),
        Field("ToolCalls", turn.Calls.Count == 0
            ? GoList.Nil("[]template.templateToolCall")
            : GoList.Of([.. turn.Calls.Select(Call)], "[]template.templateToolCall")),
        Field("ToolName", JinjaText.Of(turn.ToolName ?? "", JinjaText.Input)),
        Field("ToolCallID", JinjaText.Of(turn.ToolCallId ?? "", JinjaText.Input)));

    private static GoStruct Call(ToolCall call, int index) => new(
        "template.templateToolCall",
        GoShape.Plain,
        Field("ID", JinjaText.Of(call.Id, JinjaText.Input)),
        Field("Function", new GoStruct(
            "template.templateToolCallFunction",
            GoShape.Plain,
            Field("Index", (long)index),
            Field("Name", JinjaText.Of(call.Name, JinjaText.Input)),
            Field("Arguments", GoTools.Arguments(call.Arguments)))));

    private static GoStructField Field(string name, object? value) => new(name, value, name);
}
