using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlavaServer.Endpoints.Streaming;

/// <summary>
/// Bytes of a streamed answer on their way to a client that may read slowly or not at all: a flush waits while the connection's 64 KiB are full, and a
/// client that takes nothing for <c>Limits:WriteStall</c> is cut off. Owned by one request, one writer at a time.
/// </summary>
internal sealed class StreamOutput(HttpContext context, TimeSpan writeStall, TimeProvider time) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _pending = new(1024);
    private Utf8JsonWriter? _json;

    public void Append(ReadOnlySpan<byte> bytes) => _pending.Write(bytes);

    public void AppendJson<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        if (_json is null)
        {
            _json = new Utf8JsonWriter(_pending, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        }
        else
        {
            _json.Reset(_pending);
        }

        write(_json, value);
        _json.Flush();
    }

    /// <summary>Sends what was appended, and the status and headers before it. Throws <see cref="OperationCanceledException"/> when the client is gone.</summary>
    public async ValueTask FlushAsync()
    {
        var writer = context.Response.BodyWriter;
        writer.Write(_pending.WrittenSpan);
        _pending.ResetWrittenCount();
        var flush = writer.FlushAsync(context.RequestAborted);
        if (!flush.IsCompleted)
        {
            try
            {
                await flush.AsTask().WaitAsync(writeStall, time, context.RequestAborted);
            }
            catch (TimeoutException)
            {
                context.Abort();
                throw new OperationCanceledException("The client takes no bytes (Limits:WriteStall).", context.RequestAborted);
            }

            return;
        }

        var result = await flush;
        if (result.IsCompleted)
        {
            throw new OperationCanceledException("The client closed the connection.", context.RequestAborted);
        }
    }

    public void Dispose() => _json?.Dispose();
}
