using System.Buffers.Binary;

namespace LlavaServer.Inference.Images;

/// <summary>
/// Format and size of a picture, read from its first bytes without decoding anything. Linear in the bytes it looks at; allocates nothing.
/// </summary>
internal readonly record struct ImageHeader(ImageFormat Format, long Width, long Height)
{
    /// <summary>Null if the header is damaged. Sides may be zero or huge: limits are checked by the caller.</summary>
    public static ImageHeader? Read(ImageFormat format, ReadOnlySpan<byte> file) => format switch
    {
        ImageFormat.Png => Png(file),
        ImageFormat.Jpeg => Jpeg(file),
        ImageFormat.WebP => WebP(file),
        ImageFormat.Gif => Gif(file),
        ImageFormat.Bmp => Bmp(file),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    private static ImageHeader? Png(ReadOnlySpan<byte> file) =>
        file.Length < 33 || !file.Slice(12, 4).SequenceEqual("IHDR"u8)
            ? null
            : new(ImageFormat.Png, BinaryPrimitives.ReadUInt32BigEndian(file[16..]), BinaryPrimitives.ReadUInt32BigEndian(file[20..]));

    // Segments up to the frame header (ITU T.81, B.1).
    private static ImageHeader? Jpeg(ReadOnlySpan<byte> file)
    {
        var position = 2;
        while (position + 4 <= file.Length)
        {
            if (file[position] != 0xFF)
            {
                return null;
            }

            var marker = file[position + 1];
            if (marker == 0xFF)
            {
                position++;
                continue;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD7))
            {
                position += 2;
                continue;
            }

            if (marker is 0x00 or 0xD8 or 0xD9 or 0xDA)
            {
                return null;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(file[(position + 2)..]);
            if (length < 2 || position + 2 + length > file.Length)
            {
                return null;
            }

            if (marker is >= 0xC0 and <= 0xCF and not 0xC4 and not 0xC8 and not 0xCC)
            {
                return length < 8
                    ? null
                    : new(
                        ImageFormat.Jpeg,
                        BinaryPrimitives.ReadUInt16BigEndian(file[(position + 7)..]),
                        BinaryPrimitives.ReadUInt16BigEndian(file[(position + 5)..]));
            }

            position += 2 + length;
        }

        return null;
    }

    private static ImageHeader? WebP(ReadOnlySpan<byte> file)
    {
        if (file.Length < 30)
        {
            return null;
        }

        var kind = file.Slice(12, 4);
        var data = file[20..];
        if (kind.SequenceEqual("VP8 "u8))
        {
            return data[3] != 0x9D || data[4] != 0x01 || data[5] != 0x2A
                ? null
                : new(
                    ImageFormat.WebP,
                    BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFF,
                    BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFF);
        }

        if (kind.SequenceEqual("VP8L"u8))
        {
            var bits = BinaryPrimitives.ReadUInt32LittleEndian(data[1..]);
            return data[0] != 0x2F ? null : new(ImageFormat.WebP, (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1);
        }

        return kind.SequenceEqual("VP8X"u8) ? new(ImageFormat.WebP, UInt24(data[4..]) + 1, UInt24(data[7..]) + 1) : null;
    }

    private static ImageHeader? Gif(ReadOnlySpan<byte> file) =>
        file.Length < 13
            ? null
            : new(ImageFormat.Gif, BinaryPrimitives.ReadUInt16LittleEndian(file[6..]), BinaryPrimitives.ReadUInt16LittleEndian(file[8..]));

    private static ImageHeader? Bmp(ReadOnlySpan<byte> file)
    {
        if (file.Length < 26)
        {
            return null;
        }

        var headerBytes = BinaryPrimitives.ReadUInt32LittleEndian(file[14..]);
        if (headerBytes == 12)
        {
            return new(ImageFormat.Bmp, BinaryPrimitives.ReadUInt16LittleEndian(file[18..]), BinaryPrimitives.ReadUInt16LittleEndian(file[20..]));
        }

        // A negative height means rows from top to bottom; a negative width means nothing.
        long width = BinaryPrimitives.ReadInt32LittleEndian(file[18..]);
        long height = BinaryPrimitives.ReadInt32LittleEndian(file[22..]);
        return headerBytes is < 16 or > 256 || width < 0 ? null : new(ImageFormat.Bmp, width, Math.Abs(height));
    }

    private static long UInt24(ReadOnlySpan<byte> bytes) => bytes[0] | ((long)bytes[1] << 8) | ((long)bytes[2] << 16);
}
