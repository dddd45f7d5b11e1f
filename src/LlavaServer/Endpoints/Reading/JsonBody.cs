using System.Buffers;
using System.Text.Json;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// A parsed request body over a pooled buffer. Owned by the endpoint that read it: everything that outlives <see cref="Dispose"/> (texts, picture
/// bytes) must have been copied out. One thread.
/// </summary>
internal sealed class JsonBody : IDisposable
{
    private readonly JsonDocument _document;
    private byte[]? _buffer;

    internal JsonBody(JsonDocument document, byte[] buffer, bool ignoresCase)
    {
        _document = document;
        _buffer = buffer;
        Root = new JsonFields(document.RootElement, "", ignoresCase);
    }

    /// <summary>The body's object.</summary>
    public JsonFields Root { get; }

    public void Dispose()
    {
        _document.Dispose();
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
