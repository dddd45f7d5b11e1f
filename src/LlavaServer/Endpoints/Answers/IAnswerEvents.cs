using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Answers;

/// <summary>The events of a streamed answer in one dialect, in the order in which they are asked for. Owned by one request.</summary>
internal interface IAnswerEvents
{
    /// <summary>Once, when status and headers leave.</summary>
    void WriteStart(ServerSentEvents events);

    /// <summary>How far the answer is; only with <see cref="AnswerShape.IncludesProgress"/>.</summary>
    void WriteProgress(ServerSentEvents events, GenerationProgress progress, TimeSpan elapsed);

    /// <summary>Text of an answer, pieces of its calls, or both; or thoughts, with <see cref="AnswerShape.ShowsThinking"/>.</summary>
    void WriteUpdate(ServerSentEvents events, GenerationUpdate update);

    /// <summary>The end of one answer; its text was written.</summary>
    void WriteFinish(ServerSentEvents events, GenerationUpdate last);

    /// <summary>The end of the stream, after all answers.</summary>
    void WriteEnd(ServerSentEvents events, ChoiceTotals totals);

    /// <summary>Shows that the connection is alive; does nothing to the answer.</summary>
    void WriteKeepAlive(ServerSentEvents events);

    /// <summary>A failure after <see cref="WriteStart"/>; nothing follows it. Returns its code for the log.</summary>
    string WriteFailure(ServerSentEvents events, Exception failure);
}
