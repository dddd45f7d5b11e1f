using System.Text.Json;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Tests.Prompting.Templates;

/// <summary>Templates of public models, conversations in the form of the OpenAI API, and what llama-server wrote (see sources.md).</summary>
internal static class TemplateFiles
{
    private static readonly Lazy<JsonDocument> s_golden = new(() => JsonDocument.Parse(Text("golden.json")));
    private static readonly Lazy<JsonDocument> s_conversations = new(() => JsonDocument.Parse(Text("conversations.json")));

    public static JsonElement Golden => s_golden.Value.RootElement;

    public static IEnumerable<string> TemplateNames => Golden.GetProperty("templates").EnumerateObject().Select(t => t.Name);

    public static IEnumerable<JsonProperty> Conversations => s_conversations.Value.RootElement.EnumerateObject();

    public static string Template(string name) => Text($"{name}.jinja");

    public static Conversation Read(JsonElement body, PromptEnding ending = PromptEnding.Continued) => Conversation.From(
        [.. body.GetProperty("messages").EnumerateArray().Select(ReadMessage)],
        body.TryGetProperty("tools", out var tools) ? [.. tools.EnumerateArray()] : [],
        ending);

    private static ChatMessage ReadMessage(JsonElement message)
    {
        var role = message.GetProperty("role").GetString() switch
        {
            "system" => ChatRole.System,
            "assistant" => ChatRole.Assistant,
            "tool" => ChatRole.Tool,
            _ => ChatRole.User,
        };
        var content = message.GetProperty("content");
        MessagePart[] parts = content.ValueKind == JsonValueKind.String
            ? [MessagePart.FromText(content.GetString()!)]
            : [.. content.EnumerateArray().Select(p => p.TryGetProperty("text", out var text) ? MessagePart.FromText(text.GetString()!) : MessagePart.FromImage(new byte[] { 1 }, ""))];
        return new ChatMessage(role, parts)
        {
            ToolCalls = message.TryGetProperty("tool_calls", out var calls) ? [.. calls.EnumerateArray().Select(ReadCall)] : [],
            ToolCallId = message.TryGetProperty("tool_call_id", out var id) ? id.GetString() : null,
            ToolName = message.TryGetProperty("name", out var name) ? name.GetString() : null,
        };
    }

    private static ToolCall ReadCall(JsonElement call)
    {
        var function = call.GetProperty("function");
        return new ToolCall(call.GetProperty("id").GetString()!, function.GetProperty("name").GetString()!, function.GetProperty("arguments").GetString()!);
    }

    private static string Text(string file)
    {
        using var stream = typeof(TemplateFiles).Assembly.GetManifestResourceStream($"templates/{file}") ?? throw new FileNotFoundException(file);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
