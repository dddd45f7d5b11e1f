using SkiaSharp;

namespace LlavaServer.Inference.Images;

/// <summary>
/// The one place where native code meets bytes of a caller: Skia's codecs. The header was checked before; anything but a full success of the decoder
/// is a refusal. Called on threads of the decoding pool.
/// </summary>
internal static class NativeImageCodec
{
    /// <summary>Pixels after orientation, with transparency laid over white; null if the file is damaged or is not what its header said.</summary>
    public static RgbImage? Decode(ReadOnlySpan<byte> file, ImageHeader header)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = SKCodec.Create(new SKMemoryStream(data), out var created);
        if (created != SKCodecResult.Success || codec is null || codec.EncodedFormat != Format(header.Format))
        {
            return null;
        }

        if (codec.Info.Width != header.Width || codec.Info.Height != header.Height)
        {
            return null;
        }

        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info) || codec.GetPixels(info, bitmap.GetPixels()) != SKCodecResult.Success)
        {
            return null;
        }

        return Orientation.Apply(bitmap.GetPixelSpan(), info.Width, info.Height, (int)codec.EncodedOrigin);
    }

    private static SKEncodedImageFormat Format(ImageFormat format) => format switch
    {
        ImageFormat.Png => SKEncodedImageFormat.Png,
        ImageFormat.Jpeg => SKEncodedImageFormat.Jpeg,
        ImageFormat.WebP => SKEncodedImageFormat.Webp,
        ImageFormat.Gif => SKEncodedImageFormat.Gif,
        ImageFormat.Bmp => SKEncodedImageFormat.Bmp,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };
}
