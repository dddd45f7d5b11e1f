namespace LlavaServer.Inference.Images;

/// <summary>What a file is, by its first bytes alone: a format that is read, or the name of one that is refused.</summary>
internal static class ImageSignature
{
    // ISO base media files say what they are in the brand behind "ftyp".
    private const int BrandOffset = 8;

    /// <summary>The format, or null; then <paramref name="refused"/> names the format if it is known.</summary>
    public static ImageFormat? Identify(ReadOnlySpan<byte> file, out string? refused)
    {
        refused = null;
        if (IsPng(file))
        {
            return ImageFormat.Png;
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return ImageFormat.Jpeg;
        }

        if (file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..12].SequenceEqual("WEBP"u8))
        {
            return ImageFormat.WebP;
        }

        if (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8))
        {
            return ImageFormat.Gif;
        }

        if (file.Length >= 18 && file.StartsWith("BM"u8))
        {
            return ImageFormat.Bmp;
        }

        refused = NameOfRefused(file);
        return null;
    }

    private static bool IsPng(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);

    private static string? NameOfRefused(ReadOnlySpan<byte> file)
    {
        if (file.Length >= 12 && file[4..8].SequenceEqual("ftyp"u8))
        {
            var brand = file.Slice(BrandOffset, 4);
            return brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8) ? "AVIF"
                : brand.StartsWith("he"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8) ? "HEIC"
                : "MP4";
        }

        if (file.Length >= 12 && file.StartsWith("RIFF"u8))
        {
            return file[8..12].SequenceEqual("AVI "u8) ? "AVI" : "RIFF";
        }

        foreach (var (magic, name) in Magics)
        {
            if (file.StartsWith(magic))
            {
                return name;
            }
        }

        return NameOfText(file);
    }

    private static readonly (byte[] Magic, string Name)[] Magics =
    [
        ([0x49, 0x49, 0x2A, 0x00], "TIFF"), ([0x4D, 0x4D, 0x00, 0x2A], "TIFF"), ([0x49, 0x49, 0x2B, 0x00], "TIFF"), ([0x4D, 0x4D, 0x00, 0x2B], "TIFF"),
        ("%PDF"u8.ToArray(), "PDF"), ("%!"u8.ToArray(), "PostScript"), ([0xC5, 0xD0, 0xD3, 0xC6], "PostScript"),
        ([0x00, 0x00, 0x01, 0x00], "ICO"), ([0x00, 0x00, 0x02, 0x00], "CUR"), ("8BPS"u8.ToArray(), "PSD"),
        ([0xFF, 0x0A], "JPEG XL"), ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "JPEG XL"),
        ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20], "JPEG 2000"), ([0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"),
        ("PK"u8.ToArray(), "ZIP"), ([0x1F, 0x8B], "gzip"), ([0x42, 0x5A, 0x68], "bzip2"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "XZ"),
        ([0x37, 0x7A, 0xBC, 0xAF], "7-Zip"), ("Rar!"u8.ToArray(), "RAR"), ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard"),
        ([0x1A, 0x45, 0xDF, 0xA3], "Matroska"), ("OggS"u8.ToArray(), "Ogg"), ([0x76, 0x2F, 0x31, 0x01], "OpenEXR"), ("#?RADIANCE"u8.ToArray(), "HDR"),
        ("push graphic-context"u8.ToArray(), "MVG"), ("id=ImageMagick"u8.ToArray(), "MIFF"), ("GGUF"u8.ToArray(), "GGUF"),
        ("FLIF"u8.ToArray(), "FLIF"), ("qoif"u8.ToArray(), "QOI"), ("DDS "u8.ToArray(), "DDS"), ([0x7F, 0x45, 0x4C, 0x46], "ELF"), ("MZ"u8.ToArray(), "EXE"),
        ("P1\n"u8.ToArray(), "PNM"), ("P2\n"u8.ToArray(), "PNM"), ("P3\n"u8.ToArray(), "PNM"), ("P4\n"u8.ToArray(), "PNM"), ("P5\n"u8.ToArray(), "PNM"),
        ("P6\n"u8.ToArray(), "PNM"),
    ];

    // Text formats may begin with a byte order mark, white space and a prologue.
    private static string? NameOfText(ReadOnlySpan<byte> file)
    {
        var head = System.Text.Encoding.Latin1.GetString(file[..Math.Min(file.Length, 1024)]).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        if (!head.StartsWith('<'))
        {
            return null;
        }

        return head.Contains("<svg", StringComparison.OrdinalIgnoreCase) ? "SVG"
            : head.Contains("<html", StringComparison.OrdinalIgnoreCase) || head.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) ? "HTML"
            : "XML";
    }
}
