
namespace LlavaServer.Models.Registry;

/// <summary>A piece of a blob's file. Immutable.</summary>
/// <param name="Path">Of the file.</param>
/// <param name="Offset">Where the piece begins, in bytes.</param>
/// <param name="Size">Bytes.</param>
internal sealed record BlobContentPart(string Path, long Offset, long Size)
{
    private const int BufferBytes = 256 << 10;

    /// <summary>Reads the piece. Throws <see cref="IOException"/> when the file ends before it does.</summary>
    /// <param name="take">Gets all bytes in their order.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ReadAsync(Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        var buffer = new byte[(int)Math.Min(BufferBytes, Math.Max(Size, 1))];
        for (long done = 0; done < Size;)
        {
            var count = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, Size - done)), Offset + done, cancellationToken).ConfigureAwait(false);
            await take(count > 0 ? buffer.AsMemory(0, count) : throw new EndOfStreamException("a file of the store is shorter than it was")).ConfigureAwait(false);
            done += count;
        }
    }
}
