using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LlavaServer.Inference.Images;

/// <summary>SHA-256 over width, height and RGB bytes of a picture: its identity in every cache, never a placeholder's number.</summary>
public readonly record struct ContentHash(ulong A, ulong B, ulong C, ulong D)
{
    public static ContentHash Of(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        Span<byte> size = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(size, image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(size[4..], image.Height);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(size);
        sha.AppendData(image.Pixels);
        sha.GetHashAndReset(hash);
        return new ContentHash(
            BinaryPrimitives.ReadUInt64BigEndian(hash),
            BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));
    }

    public override string ToString() => $"{A:x16}{B:x16}{C:x16}{D:x16}";
}
