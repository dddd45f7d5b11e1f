using System.Security.Cryptography;

namespace LlavaServer.Models.Registry;

/// <summary>
/// By what the storage behind registries knows a finished upload: the MD5 of its parts' MD5s, and their count, as S3 names multipart uploads. The content
/// itself is named by its SHA-256. Owned by one upload, not thread-safe.
/// </summary>
internal sealed class UploadTag
{
    private readonly List<byte> _sums = [];
    private int _count;

    /// <summary>Adds the next part, read once more from its file.</summary>
    public async Task AddAsync(BlobContentPart part, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        await part.ReadAsync(
            bytes =>
            {
                hash.AppendData(bytes.Span);
                return ValueTask.CompletedTask;
            },
            cancellationToken).ConfigureAwait(false);
        _sums.AddRange(hash.GetHashAndReset());
        _count++;
    }

    public override string ToString()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        hash.AppendData([.. _sums]);
        return $"{Convert.ToHexStringLower(hash.GetHashAndReset())}-{_count}";
    }
}
