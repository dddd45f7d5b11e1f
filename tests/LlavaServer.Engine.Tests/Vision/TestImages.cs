using LlavaServer.Inference.Images;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>Pictures made of formulas.</summary>
internal static class TestImages
{
    /// <summary>Smooth waves with some noise, different in every channel.</summary>
    public static RgbImage Waves(int width, int height, ulong seed = 7)
    {
        var random = new SplitMix(seed);
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 3 % width;
            int y = i / 3 / width;
            int wave = (x * (3 + i % 3) + y * (5 - i % 3)) % 400;
            pixels[i] = (byte)Math.Clamp((wave < 200 ? wave : 400 - wave) + (int)(random.NextUniform() * 55), 0, 255);
        }

        return new RgbImage(width, height, pixels);
    }

    /// <summary>A grey picture, all channels equal.</summary>
    public static RgbImage Grey(int width, int height, params int[] values) =>
        new(width, height, values.SelectMany(value => Enumerable.Repeat((byte)value, 3)).ToArray());
}
