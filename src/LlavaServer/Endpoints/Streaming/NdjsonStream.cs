using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace LlavaServer.Endpoints.Streaming;

/// <summary>
/// A stream of JSON objects, one a line, flushed each, as Ollama frames it. Status and headers leave with the first line, so that a failure before it
/// keeps its own status. Owned by one request.
/// </summary>
internal sealed class NdjsonStream(HttpContext context, TimeSpan writeStall, TimeProvider time) : IDisposable
{
    private readonly StreamOutput _output = new(context, writeStall, time);
    private bool _hasBegun;

    public async ValueTask WriteAsync<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            context.Response.ContentType = "application/x-ndjson";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }

        _output.AppendJson(value, write);
        _output.Append("\n"u8);
        await _output.FlushAsync();
    }

    public void Dispose() => _output.Dispose();
}
