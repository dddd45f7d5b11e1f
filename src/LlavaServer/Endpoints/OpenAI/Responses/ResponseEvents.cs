using System.Text.Json;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// The events of a streamed response: one item of the output is open at a time, begins with its first piece and is done before the next begins. An answer
/// of nothing is an empty message. Owned by one request.
/// </summary>
internal sealed class ResponseEvents(ResponseAnswer answer, TimeProvider time) : IAnswerEvents
{
    private static readonly JsonEncodedText s_created = JsonEncodedText.Encode("response.created");
    private static readonly JsonEncodedText s_inProgress = JsonEncodedText.Encode("response.in_progress");
    private static readonly JsonEncodedText s_completed = JsonEncodedText.Encode("response.completed");
    private static readonly JsonEncodedText s_incomplete = JsonEncodedText.Encode("response.incomplete");
    private static readonly JsonEncodedText s_failed = JsonEncodedText.Encode("response.failed");
    private static readonly JsonEncodedText s_itemAdded = JsonEncodedText.Encode("response.output_item.added");
    private static readonly JsonEncodedText s_itemDone = JsonEncodedText.Encode("response.output_item.done");
    private static readonly JsonEncodedText s_partAdded = JsonEncodedText.Encode("response.content_part.added");
    private static readonly JsonEncodedText s_partDone = JsonEncodedText.Encode("response.content_part.done");
    private static readonly JsonEncodedText s_textDelta = JsonEncodedText.Encode("response.output_text.delta");
    private static readonly JsonEncodedText s_textDone = JsonEncodedText.Encode("response.output_text.done");
    private static readonly JsonEncodedText s_argumentsDelta = JsonEncodedText.Encode("response.function_call_arguments.delta");
    private static readonly JsonEncodedText s_argumentsDone = JsonEncodedText.Encode("response.function_call_arguments.done");

    private readonly List<ResponseItem> _items = [];
    private ResponseItem? _open;
    private int _sequence;

    public void WriteStart(ServerSentEvents events)
    {
        AppendResponse(events, s_created, new ResponseState(ResponseStatus.InProgress, _items));
        AppendResponse(events, s_inProgress, new ResponseState(ResponseStatus.InProgress, _items));
    }

    public void WriteProgress(ServerSentEvents events, GenerationProgress progress, TimeSpan elapsed) =>
        Append(events, s_inProgress, (answer, state: new ResponseState(ResponseStatus.InProgress, _items), progress, elapsed), static (writer, e) =>
        {
            writer.WritePropertyName("response"u8);
            ResponseWriter.WriteResponse(writer, e.answer, e.state);
            ProgressReport.Write(writer, e.progress, e.elapsed);
        });

    public void WriteUpdate(ServerSentEvents events, GenerationUpdate update)
    {
        if (update.Text.Length > 0)
        {
            WriteText(events, update);
        }

        foreach (var piece in update.ToolCalls ?? [])
        {
            WriteCall(events, piece);
        }
    }

    public void WriteFinish(ServerSentEvents events, GenerationUpdate last)
    {
        if (_items.Count == 0)
        {
            Open(events, ResponseItem.Message());
        }

        Close(events, ResponseItem.StatusOf(last.FinishReason!.Value));
    }

    public void WriteEnd(ServerSentEvents events, ChoiceTotals totals)
    {
        var status = ResponseItem.StatusOf(totals.FinishReason);
        var isCompleted = status == ResponseStatus.Completed;
        AppendResponse(events, isCompleted ? s_completed : s_incomplete, new ResponseState(status, _items)
        {
            CompletedAt = isCompleted ? time.GetUtcNow().ToUnixTimeSeconds() : null,
            Usage = totals.Usage,
        });
    }

    public void WriteKeepAlive(ServerSentEvents events) => events.AppendKeepAlive();

    /// <summary>The response as it failed, then an error event both flat and nested: a flat one alone is not raised by openai-node 6 and LangChain.</summary>
    public string WriteFailure(ServerSentEvents events, Exception failure)
    {
        var known = OpenAIErrors.From(failure);
        var error = known with { Code = known.Status >= 500 ? "server_error" : known.Code };
        if (_open is not null)
        {
            _open.Status = ResponseStatus.Incomplete;
        }

        AppendResponse(events, s_failed, new ResponseState(ResponseStatus.Failed, _items) { Error = error });
        events.Append("error"u8, (error, sequence: _sequence++), static (writer, e) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "error"u8);
            writer.WriteString("code"u8, e.error.Code);
            writer.WriteString("message"u8, e.error.Message);
            writer.WriteString("param"u8, e.error.Parameter);
            writer.WriteNumber("sequence_number"u8, e.sequence);
            writer.WriteStartObject("error"u8);
            writer.WriteString("type"u8, e.error.Type);
            writer.WriteString("code"u8, e.error.Code);
            writer.WriteString("message"u8, e.error.Message);
            writer.WriteString("param"u8, e.error.Parameter);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
        return known.Code ?? known.Type;
    }

    private void WriteText(ServerSentEvents events, GenerationUpdate update)
    {
        if (_open is not { CallId: null })
        {
            Close(events, ResponseStatus.Completed);
            Open(events, ResponseItem.Message());
        }

        _open!.Add(update.Text, update.Tokens);
        AppendOfItem(events, s_textDelta, (update.Text, update.Tokens), static (writer, piece) =>
        {
            writer.WriteNumber("content_index"u8, 0);
            writer.WriteString("delta"u8, piece.Text);
            LogProbabilityWriter.WriteTokens(writer, "logprobs", piece.Tokens ?? []);
        });
    }

    private void WriteCall(ServerSentEvents events, ToolCallDelta piece)
    {
        if (piece.Id is not null)
        {
            Close(events, ResponseStatus.Completed);
            Open(events, ResponseItem.Call(piece.Id, piece.Name!));
        }

        if (piece.Arguments.Length > 0)
        {
            _open!.Add(piece.Arguments, null);
            AppendOfItem(events, s_argumentsDelta, piece.Arguments, static (writer, arguments) => writer.WriteString("delta"u8, arguments));
        }
    }

    private void Open(ServerSentEvents events, ResponseItem item)
    {
        _open = item;
        _items.Add(item);
        AppendItem(events, s_itemAdded, item);
        if (item.CallId is null)
        {
            AppendPart(events, s_partAdded, item);
        }
    }

    private void Close(ServerSentEvents events, ResponseStatus status)
    {
        if (_open is not { } item)
        {
            return;
        }

        item.Status = status;
        if (item.CallId is null)
        {
            AppendOfItem(events, s_textDone, item, static (writer, item) =>
            {
                writer.WriteNumber("content_index"u8, 0);
                writer.WriteString("text"u8, item.Text);
                LogProbabilityWriter.WriteTokens(writer, "logprobs", item.Tokens);
            });
            AppendPart(events, s_partDone, item);
        }
        else
        {
            AppendOfItem(events, s_argumentsDone, item, static (writer, item) =>
            {
                writer.WriteString("name"u8, item.Name);
                writer.WriteString("arguments"u8, item.Text);
            });
        }

        AppendItem(events, s_itemDone, item);
        _open = null;
    }

    private void AppendPart(ServerSentEvents events, JsonEncodedText type, ResponseItem item) =>
        AppendOfItem(events, type, item, static (writer, item) =>
        {
            writer.WriteNumber("content_index"u8, 0);
            writer.WritePropertyName("part"u8);
            ResponseWriter.WritePart(writer, item.Text, item.Tokens);
        });

    private void AppendItem(ServerSentEvents events, JsonEncodedText type, ResponseItem item) =>
        Append(events, type, (item, index: _items.Count - 1), static (writer, e) =>
        {
            writer.WriteNumber("output_index"u8, e.index);
            writer.WritePropertyName("item"u8);
            ResponseWriter.WriteItem(writer, e.item);
        });

    private void AppendResponse(ServerSentEvents events, JsonEncodedText type, ResponseState state) =>
        Append(events, type, (answer, state), static (writer, e) =>
        {
            writer.WritePropertyName("response"u8);
            ResponseWriter.WriteResponse(writer, e.answer, e.state);
        });

    // Of the item that is open, which is the last.
    private void AppendOfItem<T>(ServerSentEvents events, JsonEncodedText type, T value, Action<Utf8JsonWriter, T> write) =>
        Append(events, type, (id: _items[^1].Id, index: _items.Count - 1, value, write), static (writer, e) =>
        {
            writer.WriteString("item_id"u8, e.id);
            writer.WriteNumber("output_index"u8, e.index);
            e.write(writer, e.value);
        });

    private void Append<T>(ServerSentEvents events, JsonEncodedText type, T value, Action<Utf8JsonWriter, T> write) =>
        events.Append(type.EncodedUtf8Bytes, (type, sequence: _sequence++, value, write), static (writer, e) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, e.type);
            writer.WriteNumber("sequence_number"u8, e.sequence);
            e.write(writer, e.value);
            writer.WriteEndObject();
        });
}
