using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>The chunks of a stream: those of chat completions, or those of text completions. Stateless, thread-safe.</summary>
internal interface IAnswerChunks
{
    /// <summary>Whether every choice begins with a chunk without text.</summary>
    bool HasStart { get; }

    void WriteStart(Utf8JsonWriter writer, ChatAnswer answer, int index);

    void WriteText(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate update);

    /// <summary>A piece of a call; only answers to chats have some.</summary>
    void WriteCall(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate update, ToolCallDelta piece) => throw new NotSupportedException();

    /// <summary>A chunk without text that tells how far the answer is, only when the caller asked for it.</summary>
    void WriteProgress(Utf8JsonWriter writer, ChatAnswer answer, GenerationProgress progress, TimeSpan elapsed);

    /// <summary>The chunk with a choice's finish reason; timings sit here when no usage chunk follows.</summary>
    void WriteFinish(Utf8JsonWriter writer, ChatAnswer answer, GenerationUpdate last);

    /// <summary>The chunk without choices, only when the caller asked for it.</summary>
    void WriteUsage(Utf8JsonWriter writer, ChatAnswer answer, UsageDetails usage, GenerationTimings timings);
}
