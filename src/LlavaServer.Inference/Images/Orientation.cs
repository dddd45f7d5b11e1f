namespace LlavaServer.Inference.Images;

/// <summary>Turns decoded RGBA pixels into the RGB picture that a viewer shows: the eight EXIF orientations, transparency laid over white.</summary>
internal static class Orientation
{
    /// <param name="rgba">Straight alpha, row-major, shape (height, width, 4).</param>
    /// <param name="width">As stored.</param>
    /// <param name="height">As stored.</param>
    /// <param name="orientation">1 to 8 as in EXIF; other values are taken as 1.</param>
    public static RgbImage Apply(ReadOnlySpan<byte> rgba, int width, int height, int orientation)
    {
        var (turned, flipX, flipY) = orientation switch
        {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, false, true),
            7 => (true, true, true),
            8 => (true, true, false),
            _ => (false, false, false),
        };

        // The source pixel of (0, 0), and the way to the next pixel of a row and of a column, in pixels of the source.
        var start = (flipX ? width - 1 : 0) + ((flipY ? height - 1 : 0) * width);
        var alongX = flipX ? -1 : 1;
        var alongY = flipY ? -width : width;
        var (outWidth, outHeight, stepX, stepY) = turned ? (height, width, alongY, alongX) : (width, height, alongX, alongY);
        var rgb = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        var target = 0;
        for (var y = 0; y < outHeight; y++)
        {
            var source = start + (y * stepY);
            for (var x = 0; x < outWidth; x++, source += stepX)
            {
                var pixel = rgba.Slice(source * 4, 4);
                var alpha = pixel[3];
                rgb[target] = OverWhite(pixel[0], alpha);
                rgb[target + 1] = OverWhite(pixel[1], alpha);
                rgb[target + 2] = OverWhite(pixel[2], alpha);
                target += 3;
            }
        }

        return new RgbImage(outWidth, outHeight, rgb);
    }

    private static byte OverWhite(byte value, byte alpha) =>
        alpha == 255 ? value : (byte)(((value * alpha) + (255 * (255 - alpha)) + 127) / 255);
}
