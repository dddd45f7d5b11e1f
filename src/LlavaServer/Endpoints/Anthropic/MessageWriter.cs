using System.Text.Json;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Writes the JSON of a message, member by member in the order of the dialect.</summary>
internal static class MessageWriter
{
    /// <summary>A whole answer.</summary>
    public static void WriteWhole(Utf8JsonWriter writer, Message message, WholeAnswer whole)
    {
        var choice = whole.Choices[0];
        Begin(writer, message);
        writer.WriteStartArray("content"u8);
        if (choice.Text.Length > 0)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "text"u8);
            writer.WriteString("text"u8, choice.Text);
            writer.WriteNull("citations"u8);
            writer.WriteEndObject();
        }

        foreach (var call in choice.ToolCalls)
        {
            WriteCall(writer, call);
        }

        writer.WriteEndArray();
        writer.WriteString("stop_reason"u8, Message.StopReasonOf(choice.FinishReason, choice.StopText));
        writer.WriteString("stop_sequence"u8, choice.StopText);
        WriteUsage(writer, whole.Totals.Usage);
        writer.WriteEndObject();
    }

    /// <summary>The message that a stream begins with: nothing is said yet.</summary>
    public static void WriteEmpty(Utf8JsonWriter writer, Message message, GenerationProgress progress)
    {
        Begin(writer, message);
        writer.WriteStartArray("content"u8);
        writer.WriteEndArray();
        writer.WriteNull("stop_reason"u8);
        writer.WriteNull("stop_sequence"u8);
        WriteUsage(writer, new UsageDetails { PromptTokens = progress.PromptTokens, CachedTokens = progress.CachedTokens, CompletionTokens = 0 });
        writer.WriteEndObject();
    }

    public static void WriteUsage(Utf8JsonWriter writer, UsageDetails usage)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("input_tokens"u8, usage.PromptTokens - usage.CachedTokens);
        writer.WriteNumber("cache_creation_input_tokens"u8, 0);
        writer.WriteNumber("cache_read_input_tokens"u8, usage.CachedTokens);
        writer.WriteNumber("output_tokens"u8, usage.CompletionTokens);
        writer.WriteString("service_tier"u8, "standard"u8);
        writer.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter writer, Message message)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, message.Id);
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("model"u8, message.Model);
    }

    // Arguments that a limit cut off are no object; the stop reason says so.
    private static void WriteCall(Utf8JsonWriter writer, ToolCall call)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_use"u8);
        writer.WriteString("id"u8, Message.CallId(call.Id));
        writer.WriteString("name"u8, call.Name);
        writer.WritePropertyName("input"u8);
        try
        {
            using var input = JsonDocument.Parse(call.Arguments);
            input.RootElement.WriteTo(writer);
        }
        catch (JsonException)
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
