namespace LlavaServer.Inference.Images.Fitting;

/// <summary>
/// Bilinear interpolation with corners on corners and results truncated, as llama.cpp's overview pictures until September 2026
/// (tools/mtmd/mtmd-image.cpp). For parity only. Stateless, any thread.
/// </summary>
internal static class AlignedBilinear
{
    public static RgbImage Resize(RgbImage source, int width, int height)
    {
        var result = new byte[width * height * 3];
        ReadOnlySpan<byte> pixels = source.Pixels;
        float ratioX = width > 1 ? (float)(source.Width - 1) / (width - 1) : 0;
        float ratioY = height > 1 ? (float)(source.Height - 1) / (height - 1) : 0;
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom, float fractionY) = Neighbours(y * ratioY, source.Height);
            for (int x = 0; x < width; x++)
            {
                (int left, int right, float fractionX) = Neighbours(x * ratioX, source.Width);
                for (int channel = 0; channel < 3; channel++)
                {
                    float upper = Lerp(
                        pixels[(top * source.Width + left) * 3 + channel], pixels[(top * source.Width + right) * 3 + channel], fractionX);
                    float lower = Lerp(
                        pixels[(bottom * source.Width + left) * 3 + channel], pixels[(bottom * source.Width + right) * 3 + channel], fractionX);
                    result[(y * width + x) * 3 + channel] = (byte)Lerp(upper, lower, fractionY);
                }
            }
        }

        return new RgbImage(width, height, result);
    }

    private static (int First, int Second, float Fraction) Neighbours(float position, int length)
    {
        int first = Math.Min((int)position, length - 1);
        return (first, Math.Min(first + 1, length - 1), position - first);
    }

    private static float Lerp(float from, float to, float fraction) => from + (to - from) * fraction;
}
