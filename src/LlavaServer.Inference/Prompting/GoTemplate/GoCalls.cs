using System.Text.Json;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Inference.Tools;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Finds out how a model writes calls of tools, from what its Go template writes of small conversations, as for templates of the other language.</summary>
internal static class GoCalls
{
    public static CallSyntax? Find(GoChatTemplate template, ITokenizer tokenizer)
    {
        using var document = JsonDocument.Parse(JinjaProbe.ToolsJson);
        JsonElement[] tools = [.. document.RootElement.EnumerateArray()];
        string? Written(object? shown, bool addsPrompt, JinjaMap[] messages)
        {
            try
            {
                ChatMessage[] read = [.. messages.Select(Read)];
                var known = shown is null ? [] : tools;
                return template.Text(Conversation.From(read, known, addsPrompt ? PromptEnding.Answer : PromptEnding.Closed), read, known).Value;
            }
            catch (JinjaException)
            {
                return null;
            }
        }

        int EndOf(string text)
        {
            var tokens = new List<SpelledToken>();
            tokenizer.FindControlTokens(text, tokens);
            return tokens.FindIndex(t => tokenizer.IsEndOfGeneration(t.TokenId)) is >= 0 and var index ? tokens[index].Start : -1;
        }

        return JinjaCallFormat.Find(Written, static text => JinjaText.Of(text), takesObject: true, template.Source, EndOf);
    }

    private static ChatMessage Read(JinjaMap message)
    {
        var role = TextOf(message, "role") switch
        {
            "assistant" => ChatRole.Assistant,
            "tool" => ChatRole.Tool,
            _ => ChatRole.User,
        };
        return new ChatMessage(role, [MessagePart.FromText(TextOf(message, "content"))])
        {
            ToolCalls = message.TryGet(JinjaText.Of("tool_calls"), out var value) && value is JinjaList calls
                ? [.. calls.Items.Select(static c => new ToolCall(TextOf((JinjaMap)c!, "id"), JinjaProbe.ToolName, JinjaProbe.ArgumentsJson))]
                : [],
            ToolCallId = role == ChatRole.Tool ? TextOf(message, "tool_call_id") : null,
            ToolName = role == ChatRole.Tool ? TextOf(message, "name") : null,
        };
    }

    private static string TextOf(JinjaMap map, string name) => map.TryGet(JinjaText.Of(name), out var value) && value is JinjaText text ? text.Value : "";
}
