using System.Buffers;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>
/// <c>HEAD</c> and <c>POST /api/blobs/:digest</c>: whether a file is in the store, and putting one there, of any size. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaBlobEndpoint(StoredModels models, IOptions<LimitsOptions> limits, TimeProvider time)
{
    private const int BufferBytes = 256 << 10;

    public Task Probe(HttpContext context, string digest)
    {
        context.Response.StatusCode = models.Store.Blobs.LengthOf(DigestOf(digest)) is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
        context.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    public async Task UploadAsync(HttpContext context, string text)
    {
        var digest = DigestOf(text);
        var store = models.Store;
        if (store.Blobs.Touch(digest))
        {
            if (!await RequestDrain.RunAsync(context, time))
            {
                context.Response.Headers.Connection = "close";
            }

            context.Response.ContentLength = 0;
            return;
        }

        if (context.Request.ContentLength > store.FreeBytes)
        {
            throw new RequestException(
                StatusCodes.Status507InsufficientStorage, "disk_full",
                $"the file has {context.Request.ContentLength} bytes, and there is space for {store.FreeBytes} in the model store (Models:Path)");
        }

        try
        {
            // Only whether the store may be written, before the body is asked for; a blob that nobody names yet is safe for an hour.
            store.BeginAdding().Dispose();
            using var writer = store.Blobs.BeginWrite();
            await CopyAsync(context, writer);
            writer.Complete(digest);
        }
        catch (StoreException failure)
        {
            throw StoreFailures.ToAnswer(failure);
        }

        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.ContentLength = 0;
    }

    private async Task CopyAsync(HttpContext context, BlobWriter writer)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using var body = new PacedBody(context, limits.Value, time);
            int count;
            while ((count = await body.ReadAsync(buffer)) > 0)
            {
                writer.Write(buffer.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static Digest DigestOf(string text) =>
        Digest.TryParse(text, out var digest) ? digest : throw RequestException.InvalidValue("digest", "invalid digest format");
}
