using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Streams of chunks: chat completions and text completions. Owned by one request.</summary>
/// <param name="answer">What every chunk repeats.</param>
/// <param name="chunks">How a chunk is written.</param>
internal sealed class ChunkEvents(ChatAnswer answer, IAnswerChunks chunks) : IAnswerEvents
{
    public void WriteStart(ServerSentEvents events)
    {
        for (var index = 0; chunks.HasStart && index < answer.Shape.Choices; index++)
        {
            events.Append((chunks, answer, index), static (writer, state) => state.chunks.WriteStart(writer, state.answer, state.index));
        }
    }

    public void WriteProgress(ServerSentEvents events, GenerationProgress progress, TimeSpan elapsed) =>
        events.Append((chunks, answer, progress, elapsed), static (writer, state) => state.chunks.WriteProgress(writer, state.answer, state.progress, state.elapsed));

    public void WriteUpdate(ServerSentEvents events, GenerationUpdate update)
    {
        if (update.Text.Length > 0 || update.Thinking.Length > 0)
        {
            events.Append((chunks, answer, update), static (writer, state) => state.chunks.WriteText(writer, state.answer, state.update));
        }

        foreach (var call in update.ToolCalls ?? [])
        {
            events.Append((chunks, answer, update, call), static (writer, state) => state.chunks.WriteCall(writer, state.answer, state.update, state.call));
        }
    }

    public void WriteFinish(ServerSentEvents events, GenerationUpdate last) =>
        events.Append((chunks, answer, last), static (writer, state) => state.chunks.WriteFinish(writer, state.answer, state.last));

    public void WriteEnd(ServerSentEvents events, ChoiceTotals totals)
    {
        if (answer.IncludesUsage)
        {
            events.Append((chunks, answer, totals), static (writer, state) => state.chunks.WriteUsage(writer, state.answer, state.totals.Usage, state.totals.Timings));
        }

        events.AppendDone();
    }

    public void WriteKeepAlive(ServerSentEvents events) => events.AppendKeepAlive();

    public string WriteFailure(ServerSentEvents events, Exception failure)
    {
        var error = OpenAIErrors.From(failure);
        events.Append(error, OpenAIErrors.Write);
        return error.Code ?? error.Type;
    }
}
