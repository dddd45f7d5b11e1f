using System.Text.Json;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Chunks of chat completions, member by member in the order of the dialect. Stateless, thread-safe.</summary>
internal sealed class ChatChunks : IAnswerChunks
{
    public bool HasStart => true;

    /// <summary>The role.</summary>
    public void WriteStart(Utf8JsonWriter writer, ChatAnswer answer, int index)
    {
        BeginChunk(writer, answer, index);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("content"u8, ""u8);
        writer.WriteNull("refusal"u8);
        EndChunk(writer, answer, null, null);
    }

    public void WriteText(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate update)
    {
        BeginChunk(writer, answer, update.Choice);
        if (update.Thinking.Length > 0)
        {
            writer.WriteString("reasoning_content"u8, update.Thinking);
        }
        else
        {
            writer.WriteString("content"u8, update.Text);
        }

        EndChunk(writer, answer, null, answer.TimesChunks ? update : null, update.Thinking.Length > 0 ? null : update.Tokens);
    }

    /// <summary>Id, type and name stand in the first piece of a call alone.</summary>
    public void WriteCall(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate update, ToolCallDelta piece)
    {
        BeginChunk(writer, answer, update.Choice);
        writer.WriteStartArray("tool_calls"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, piece.Index);
        if (piece.Id is not null)
        {
            writer.WriteString("id"u8, piece.Id);
            writer.WriteString("type"u8, "function"u8);
        }

        writer.WriteStartObject("function"u8);
        if (piece.Name is not null)
        {
            writer.WriteString("name"u8, piece.Name);
        }

        writer.WriteString("arguments"u8, piece.Arguments);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        EndChunk(writer, answer, null, answer.TimesChunks ? update : null);
    }

    public void WriteProgress(Utf8JsonWriter writer, ChatAnswer answer, GenerationProgress progress, TimeSpan elapsed)
    {
        BeginChunk(writer, answer, 0);
        EndChoices(writer, answer, null, null);
        ProgressReport.Write(writer, progress, elapsed);
        writer.WriteEndObject();
    }

    public void WriteFinish(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate last)
    {
        BeginChunk(writer, answer, last.Choice);
        EndChunk(writer, answer, FinishReasons.NameOf(last.FinishReason!.Value), answer.IncludesUsage && !answer.TimesChunks ? null : last);
    }

    public void WriteUsage(Utf8JsonWriter writer, ChatAnswer answer, UsageDetails usage, GenerationTimings timings)
    {
        BeginObject(writer, answer);
        writer.WriteStartArray("choices"u8);
        writer.WriteEndArray();
        writer.WritePropertyName("usage"u8);
        UsageWriter.WriteUsage(writer, usage);
        writer.WritePropertyName("timings"u8);
        UsageWriter.WriteTimings(writer, usage, timings, answer.ImageCount);
        writer.WriteEndObject();
    }

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

    private static void BeginChunk(Utf8JsonWriter writer, ChatAnswer answer, int index)
    {
        BeginObject(writer, answer);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        writer.WriteStartObject("delta"u8);
    }

    private static void EndChunk(
        Utf8JsonWriter writer, ChatAnswer answer, string? finishReason, GenerationUpdate? timed, IReadOnlyList<TokenLogProbability>? tokens = null)
    {
        EndChoices(writer, answer, finishReason, tokens);
        if (timed is { Usage: { } usage, Timings: { } timings })
        {
            writer.WritePropertyName("timings"u8);
            UsageWriter.WriteTimings(writer, usage, timings, answer.ImageCount);
        }

        writer.WriteEndObject();
    }

    private static void EndChoices(Utf8JsonWriter writer, ChatAnswer answer, string? finishReason, IReadOnlyList<TokenLogProbability>? tokens)
    {
        writer.WriteEndObject();
        writer.WritePropertyName("logprobs"u8);
        LogProbabilityWriter.Write(writer, tokens);
        writer.WriteString("finish_reason"u8, finishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (answer.IncludesUsage)
        {
            writer.WriteNull("usage"u8);
        }
    }
}
