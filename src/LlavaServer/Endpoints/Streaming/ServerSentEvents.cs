using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace LlavaServer.Endpoints.Streaming;

/// <summary>
/// A stream of events as OpenAI and Anthropic frame it: one line of JSON an event, line feeds only. Owned by one request.
/// </summary>
internal sealed class ServerSentEvents(HttpContext context, TimeSpan writeStall, TimeProvider time) : IDisposable
{
    private readonly StreamOutput _output = new(context, writeStall, time);

    /// <summary>Sets status and headers; they leave with the first flush.</summary>
    public void Begin()
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers.Connection = "keep-alive";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    /// <summary>Appends an event without flushing.</summary>
    public void Append<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        _output.Append("data: "u8);
        _output.AppendJson(value, write);
        _output.Append("\n\n"u8);
    }

    /// <summary>Appends an event with a name, without flushing.</summary>
    public void Append<T>(ReadOnlySpan<byte> type, T value, Action<Utf8JsonWriter, T> write)
    {
        _output.Append("event: "u8);
        _output.Append(type);
        _output.Append("\n"u8);
        Append(value, write);
    }

    /// <summary>Appends a comment line, which every client skips: the connection is seen to be alive.</summary>
    public void AppendKeepAlive() => _output.Append(": keep-alive\n\n"u8);

    /// <summary>Appends the last event of a complete stream.</summary>
    public void AppendDone() => _output.Append("data: [DONE]\n\n"u8);

    public ValueTask FlushAsync() => _output.FlushAsync();

    public void Dispose() => _output.Dispose();
}
