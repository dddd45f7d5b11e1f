using System.Net;

namespace LlavaServer.Models.Registry;

/// <summary>A piece of a blob as the body of a request; tells how much of it is sent. Owned by the request.</summary>
internal sealed class BlobContent(BlobContentPart part, Action<int> sent) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => part.ReadAsync(
        async bytes =>
        {
            await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            sent(bytes.Length);
        },
        cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = part.Size;
        return true;
    }
}
