using System.Text.Json;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>The stream of a message: its start, one content block after another, its end. Owned by one request.</summary>
/// <param name="message">What the stream says of itself.</param>
/// <param name="look">How far the answer is: the length of the prompt, as soon as it is known.</param>
/// <param name="requestId">Told when the answer fails.</param>
internal sealed class MessageEvents(Message message, Func<GenerationProgress> look, string requestId) : IAnswerEvents
{
    private int _block = -1;
    private BlockKind _open;
    private GenerationUpdate? _last;

    private enum BlockKind
    {
        None,
        Text,
        Call,
    }

    public void WriteStart(ServerSentEvents events)
    {
        events.Append("message_start"u8, (message, Progress: look()), static (writer, state) =>
        {
            Begin(writer, "message_start"u8);
            writer.WritePropertyName("message"u8);
            MessageWriter.WriteEmpty(writer, state.message, state.Progress);
            writer.WriteEndObject();
        });
        WriteKeepAlive(events);
    }

    public void WriteProgress(ServerSentEvents events, GenerationProgress progress, TimeSpan elapsed) => WriteKeepAlive(events);

    public void WriteUpdate(ServerSentEvents events, GenerationUpdate update)
    {
        if (update.Text.Length > 0)
        {
            if (_open != BlockKind.Text)
            {
                Open(events, BlockKind.Text, null);
            }

            WriteDelta(events, update.Text, isInput: false);
        }

        foreach (var call in update.ToolCalls ?? [])
        {
            if (call.Id is not null)
            {
                Open(events, BlockKind.Call, call);
            }

            if (call.Arguments.Length > 0)
            {
                WriteDelta(events, call.Arguments, isInput: true);
            }
        }
    }

    public void WriteFinish(ServerSentEvents events, GenerationUpdate last)
    {
        Close(events);
        _last = last;
    }

    public void WriteEnd(ServerSentEvents events, ChoiceTotals totals)
    {
        events.Append("message_delta"u8, (Last: _last!, totals.Usage), static (writer, state) =>
        {
            Begin(writer, "message_delta"u8);
            writer.WriteStartObject("delta"u8);
            writer.WriteString("stop_reason"u8, Message.StopReasonOf(state.Last.FinishReason!.Value, state.Last.StopText));
            writer.WriteString("stop_sequence"u8, state.Last.StopText);
            writer.WriteEndObject();
            MessageWriter.WriteUsage(writer, state.Usage);
            writer.WriteEndObject();
        });
        events.Append("message_stop"u8, 0, static (writer, _) =>
        {
            Begin(writer, "message_stop"u8);
            writer.WriteEndObject();
        });
    }

    public void WriteKeepAlive(ServerSentEvents events) => events.Append("ping"u8, 0, static (writer, _) =>
    {
        Begin(writer, "ping"u8);
        writer.WriteEndObject();
    });

    public string WriteFailure(ServerSentEvents events, Exception failure)
    {
        var error = AnthropicErrors.From(failure);
        events.Append("error"u8, (error, requestId), static (writer, state) => AnthropicErrors.Write(writer, state.error, state.requestId));
        return error.Type;
    }

    private static void Begin(Utf8JsonWriter writer, ReadOnlySpan<byte> type)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
    }

    private void Open(ServerSentEvents events, BlockKind kind, ToolCallDelta? call)
    {
        Close(events);
        _open = kind;
        events.Append("content_block_start"u8, (Index: ++_block, call), static (writer, state) =>
        {
            Begin(writer, "content_block_start"u8);
            writer.WriteNumber("index"u8, state.Index);
            writer.WriteStartObject("content_block"u8);
            if (state.call is { } begun)
            {
                writer.WriteString("type"u8, "tool_use"u8);
                writer.WriteString("id"u8, Message.CallId(begun.Id!));
                writer.WriteString("name"u8, begun.Name);
                writer.WriteStartObject("input"u8);
                writer.WriteEndObject();
            }
            else
            {
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, ""u8);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private void Close(ServerSentEvents events)
    {
        if (_open == BlockKind.None)
        {
            return;
        }

        _open = BlockKind.None;
        events.Append("content_block_stop"u8, _block, static (writer, index) =>
        {
            Begin(writer, "content_block_stop"u8);
            writer.WriteNumber("index"u8, index);
            writer.WriteEndObject();
        });
    }

    private void WriteDelta(ServerSentEvents events, string text, bool isInput) =>
        events.Append("content_block_delta"u8, (_block, text, isInput), static (writer, delta) =>
        {
            Begin(writer, "content_block_delta"u8);
            writer.WriteNumber("index"u8, delta._block);
            writer.WriteStartObject("delta"u8);
            writer.WriteString("type"u8, delta.isInput ? "input_json_delta"u8 : "text_delta"u8);
            writer.WriteString(delta.isInput ? "partial_json"u8 : "text"u8, delta.text);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
}
