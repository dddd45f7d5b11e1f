namespace LlavaServer.Models.Store;

/// <summary>
/// The folder <c>blobs</c> of a store: files named by the SHA-256 of their content. A file under such a name is whole, at any moment and for any number of
/// processes. Thread-safe.
/// </summary>
public sealed class BlobStore
{
    private const int BufferBytes = 1 << 20;

    internal BlobStore(string folder) => Folder = folder;

    internal string Folder { get; }

    /// <summary>Where a blob is, or would be.</summary>
    public string PathOf(Digest digest) => Path.Combine(Folder, digest.FileName);

    /// <summary>Bytes of a blob; null when it is not there. A link is followed.</summary>
    public long? LengthOf(Digest digest)
    {
        var file = new FileInfo(PathOf(digest));
        if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
        {
            file = target;
        }

        return file.Exists ? file.Length : null;
    }

    /// <summary>Whether a blob is there. One that is counts as used now: clean-ups leave it alone for a while.</summary>
    public bool Touch(Digest digest)
    {
        if (LengthOf(digest) is null)
        {
            return false;
        }

        try
        {
            File.SetLastWriteTimeUtc(PathOf(digest), TimeProvider.System.GetUtcNow().UtcDateTime);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A store that may only be read is not cleaned up either.
        }

        return LengthOf(digest) is not null;
    }

    /// <summary>Begins a blob. Throws <see cref="StoreException"/> when the folder cannot be written.</summary>
    public BlobWriter BeginWrite() => new(Folder);

    /// <summary>Stores a content. Throws <see cref="StoreException"/> when it cannot be stored; then nothing of it is left.</summary>
    /// <param name="content">Read to its end.</param>
    /// <param name="expected">Its digest as announced; null takes it as it is.</param>
    /// <param name="cancellationToken">Ends the copying; nothing of it is left.</param>
    public async Task<ManifestLayer> AddAsync(Stream content, Digest? expected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        using var writer = BeginWrite();
        var buffer = new byte[BufferBytes];
        int count;
        while ((count = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            writer.Write(buffer.AsSpan(0, count));
        }

        return new ManifestLayer("", writer.Complete(expected), writer.Length);
    }

    /// <summary>Stores a content that is in memory.</summary>
    public ManifestLayer Add(ReadOnlySpan<byte> content, string mediaType)
    {
        using var writer = BeginWrite();
        writer.Write(content);
        return new ManifestLayer(mediaType, writer.Complete(null), content.Length);
    }

    /// <summary>The whole of a small blob: a text or a description. Null when it is not there or has more bytes.</summary>
    public byte[]? ReadSmall(Digest digest, int maxBytes)
    {
        try
        {
            using var file = new FileStream(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > maxBytes)
            {
                return null;
            }

            var bytes = new byte[file.Length];
            return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length ? bytes : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
