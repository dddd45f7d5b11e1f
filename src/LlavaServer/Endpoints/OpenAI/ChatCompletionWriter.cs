using System.Text.Json;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Writes the JSON of a whole answer, member by member in the order of the dialect.</summary>
internal static class ChatCompletionWriter
{
    public static void WriteCompletion(Utf8JsonWriter writer, ChatAnswer answer, WholeAnswer whole)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, answer.Id);
        writer.WriteString("object"u8, "chat.completion"u8);
        writer.WriteNumber("created"u8, answer.Created);
        writer.WriteString("model"u8, answer.Model);
        writer.WriteStartArray("choices"u8);
        for (var index = 0; index < whole.Choices.Count; index++)
        {
            WriteChoice(writer, answer, index, whole.Choices[index]);
        }

        writer.WriteEndArray();
        writer.WritePropertyName("usage"u8);
        UsageWriter.WriteUsage(writer, whole.Totals.Usage);
        if (answer.HasServiceTier)
        {
            writer.WriteString("service_tier"u8, "default"u8);
        }

        writer.WriteString("system_fingerprint"u8, answer.Fingerprint);
        writer.WritePropertyName("timings"u8);
        UsageWriter.WriteTimings(writer, whole.Totals.Usage, whole.Totals.Timings, answer.ImageCount);
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatAnswer answer, int index, WholeChoice choice)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, choice.ToolCalls.Count > 0 && choice.Text.Length == 0 ? null : choice.Text);
        writer.WriteNull("refusal"u8);
        if (choice.Thinking.Length > 0)
        {
            writer.WriteString("reasoning_content"u8, choice.Thinking);
        }

        if (choice.ToolCalls.Count > 0)
        {
            WriteCalls(writer, choice.ToolCalls);
        }

        writer.WriteEndObject();
        writer.WritePropertyName("logprobs"u8);
        LogProbabilityWriter.Write(writer, answer.HasLogProbabilities ? choice.Tokens : null);
        writer.WriteString("finish_reason"u8, FinishReasons.NameOf(choice.FinishReason));
        writer.WriteEndObject();
    }

    private static void WriteCalls(Utf8JsonWriter writer, IReadOnlyList<ToolCall> calls)
    {
        writer.WriteStartArray("tool_calls"u8);
        foreach (var call in calls)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, call.Id);
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, call.Name);
            writer.WriteString("arguments"u8, call.Arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
