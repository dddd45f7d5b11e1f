namespace LlavaServer.Inference.Images.Fitting;

/// <summary>
/// Bicubic interpolation as llama.cpp computed it until September 2026 (tools/mtmd/mtmd-image.cpp): a cubic through four neighbours, no antialiasing
/// when shrinking, no half-pixel offset. For parity only. Stateless, any thread.
/// </summary>
internal static class NaiveBicubic
{
    public static RgbImage Resize(RgbImage source, int width, int height)
    {
        var result = new byte[width * height * 3];
        float scaleX = (float)source.Width / width;
        float scaleY = (float)source.Height / height;
        Span<float> column = stackalloc float[4];
        for (int y = 0; y < height; y++)
        {
            int sourceY = (int)(scaleY * y);
            float fractionY = scaleY * y - sourceY;
            for (int x = 0; x < width; x++)
            {
                int sourceX = (int)(scaleX * x);
                float fractionX = scaleX * x - sourceX;
                for (int channel = 0; channel < 3; channel++)
                {
                    for (int tap = 0; tap < 4; tap++)
                    {
                        column[tap] = Cubic(
                            Pixel(source, sourceX - 1, sourceY - 1 + tap, channel),
                            Pixel(source, sourceX, sourceY - 1 + tap, channel),
                            Pixel(source, sourceX + 1, sourceY - 1 + tap, channel),
                            Pixel(source, sourceX + 2, sourceY - 1 + tap, channel),
                            fractionX);
                    }

                    float value = Cubic(column[0], column[1], column[2], column[3], fractionY);
                    value = MathF.Round(value, MidpointRounding.AwayFromZero);
                    result[(y * width + x) * 3 + channel] = (byte)Math.Clamp(value, 0f, 255f);
                }
            }
        }

        return new RgbImage(width, height, result);
    }

    // Coefficients in double, rounded to float, as C's literals make it.
    private static float Cubic(float before, float at, float after, float beyond, float t)
    {
        float d0 = before - at;
        float d2 = after - at;
        float d3 = beyond - at;
        float a1 = (float)(-1.0 / 3 * d0 + d2 - 1.0 / 6 * d3);
        float a2 = (float)(1.0 / 2 * d0 + 1.0 / 2 * d2);
        float a3 = (float)(-1.0 / 6 * d0 - 1.0 / 2 * d2 + 1.0 / 6 * d3);
        return at + a1 * t + a2 * t * t + a3 * t * t * t;
    }

    private static byte Pixel(RgbImage image, int x, int y, int channel)
    {
        x = Math.Clamp(x, 0, image.Width - 1);
        y = Math.Clamp(y, 0, image.Height - 1);
        return image.Pixels[(y * image.Width + x) * 3 + channel];
    }
}
