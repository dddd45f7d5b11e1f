using System.Text.Json;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Writes the JSON of an answer, whole or in chunks, member by member in the order of the dialect.</summary>
internal static class ChatCompletionWriter
{
    /// <summary>The whole answer. <paramref name="last"/> has finish reason, usage and timings.</summary>
    public static void WriteCompletion(Utf8JsonWriter writer, ChatAnswer answer, string text, GenerationUpdate last)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, answer.Id);
        writer.WriteString("object"u8, "chat.completion"u8);
        writer.WriteNumber("created"u8, answer.Created);
        writer.WriteString("model"u8, answer.Model);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, text);
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
        writer.WriteNull("logprobs"u8);
        writer.WriteString("finish_reason"u8, NameOf(last.FinishReason!.Value));
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WritePropertyName("usage"u8);
        UsageWriter.WriteUsage(writer, last.Usage!);
        if (answer.HasServiceTier)
        {
            writer.WriteString("service_tier"u8, "default"u8);
        }

        writer.WriteString("system_fingerprint"u8, answer.Fingerprint);
        writer.WritePropertyName("timings"u8);
        UsageWriter.WriteTimings(writer, last.Usage!, last.Timings!, answer.ImageCount);
        writer.WriteEndObject();
    }

    /// <summary>The first chunk: the role.</summary>
    public static void WriteRole(Utf8JsonWriter writer, ChatAnswer answer)
    {
        BeginChunk(writer, answer);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, ""u8);
        writer.WriteNull("refusal"u8);
        EndChunk(writer, answer, null, null);
    }

    public static void WriteText(Utf8JsonWriter writer, ChatAnswer answer, string text)
    {
        BeginChunk(writer, answer);
        writer.WriteString("content"u8, text);
        EndChunk(writer, answer, null, null);
    }

    /// <summary>A chunk without text that tells how far the answer is, only when the caller asked for it.</summary>
    public static void WriteProgress(Utf8JsonWriter writer, ChatAnswer answer, GenerationProgress progress, TimeSpan elapsed)
    {
        BeginChunk(writer, answer);
        EndChoices(writer, answer, null);
        ProgressReport.Write(writer, progress, elapsed);
        writer.WriteEndObject();
    }

    /// <summary>The chunk with the finish reason; timings sit here when no usage chunk follows.</summary>
    public static void WriteFinish(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate last)
    {
        BeginChunk(writer, answer);
        EndChunk(writer, answer, NameOf(last.FinishReason!.Value), answer.IncludesUsage ? null : last);
    }

    /// <summary>The chunk without choices, only when the caller asked for it.</summary>
    public static void WriteUsage(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate last)
    {
        BeginObject(writer, answer);
        writer.WriteStartArray("choices"u8);
        writer.WriteEndArray();
        writer.WritePropertyName("usage"u8);
        UsageWriter.WriteUsage(writer, last.Usage!);
        writer.WritePropertyName("timings"u8);
        UsageWriter.WriteTimings(writer, last.Usage!, last.Timings!, answer.ImageCount);
        writer.WriteEndObject();
    }

    public static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        _ => "stop",
    };

    private static void BeginObject(Utf8JsonWriter writer, ChatAnswer answer)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, answer.Id);
        writer.WriteString("object"u8, "chat.completion.chunk"u8);
        writer.WriteNumber("created"u8, answer.Created);
        writer.WriteString("model"u8, answer.Model);
        writer.WriteString("system_fingerprint"u8, answer.Fingerprint);
        if (answer.HasServiceTier)
        {
            writer.WriteString("service_tier"u8, "default"u8);
        }
    }

    private static void BeginChunk(Utf8JsonWriter writer, ChatAnswer answer)
    {
        BeginObject(writer, answer);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        writer.WriteStartObject("delta"u8);
    }

    private static void EndChunk(Utf8JsonWriter writer, ChatAnswer answer, string? finishReason, GenerationUpdate? timed)
    {
        EndChoices(writer, answer, finishReason);
        if (timed is { Usage: { } usage, Timings: { } timings })
        {
            writer.WritePropertyName("timings"u8);
            UsageWriter.WriteTimings(writer, usage, timings, answer.ImageCount);
        }

        writer.WriteEndObject();
    }

    private static void EndChoices(Utf8JsonWriter writer, ChatAnswer answer, string? finishReason)
    {
        writer.WriteEndObject();
        writer.WriteNull("logprobs"u8);
        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (answer.IncludesUsage)
        {
            writer.WriteNull("usage"u8);
        }
    }
}
