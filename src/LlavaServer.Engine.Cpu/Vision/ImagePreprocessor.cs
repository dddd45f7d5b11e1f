using LlavaServer.Engine.Cpu.Vision.Resampling;
using LlavaServer.Inference.Images;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// From a picture of any shape to normalised patches: fit on the square, mean and deviation, order of the convolution's kernel. Immutable, any thread.
/// </summary>
internal sealed class ImagePreprocessor
{
    // llama.cpp pads with CLIP's mean whatever the file says.
    private static readonly (byte, byte, byte) s_clipMean = (122, 116, 104);

    private readonly ClipConfig _config;
    private readonly VisionRules _rules;
    private readonly (byte, byte, byte) _meanColor;

    // Normalised value of every byte: channel · 256 + byte.
    private readonly float[] _normalised = new float[3 * 256];

    public ImagePreprocessor(ClipConfig config, VisionRules rules)
    {
        _config = config;
        _rules = rules;
        byte Mean(int channel) => (byte)Math.Clamp(config.ImageMean[channel] * 255.0, 0, 255);
        _meanColor = rules.Fit == ImageFit.PadThenPillow ? (Mean(0), Mean(1), Mean(2)) : s_clipMean;
        for (int i = 0; i < _normalised.Length; i++)
        {
            _normalised[i] = (i % 256 / 255f - config.ImageMean[i / 256]) / config.ImageStd[i / 256];
        }
    }

    /// <summary>Floats of one patch: 3 · patch².</summary>
    public int PatchFloats => 3 * _config.PatchSize * _config.PatchSize;

    /// <summary>The square picture that the tower sees.</summary>
    public RgbImage Fit(RgbImage image, Action? giveWay = null)
    {
        int side = _config.ImageSize;
        if (image.Width == side && image.Height == side)
        {
            return image;
        }

        if (_rules.Fit == ImageFit.PadThenPillow)
        {
            int longer = Math.Max(image.Width, image.Height);
            return PillowBicubic.Resize(new PaddedImage(image, longer, longer, _meanColor), side, side, giveWay);
        }

        float scale = Math.Min((float)side / image.Width, (float)side / image.Height);
        int width = Math.Min((int)MathF.Ceiling(image.Width * scale), side);
        int height = Math.Min((int)MathF.Ceiling(image.Height * scale), side);
        RgbImage resized = _rules.Fit == ImageFit.NaiveThenPad
            ? NaiveBicubic.Resize(image, width, height)
            : PillowBicubic.Resize(new PaddedImage(image), width, height, giveWay);
        return Pad(resized);
    }

    /// <summary>Fits the picture and writes its patches row by row, shape (patches, 3, patch size, patch size).</summary>
    public void WritePatches(RgbImage image, Span<float> patches, Action? giveWay = null)
    {
        ReadOnlySpan<byte> pixels = Fit(image, giveWay).Pixels;
        int size = _config.PatchSize;
        int side = _config.ImageSize;
        int perSide = _config.PatchesPerSide;
        int target = 0;
        for (int patch = 0; patch < _config.PatchCount; patch++)
        {
            int origin = (patch / perSide * size * side + patch % perSide * size) * 3;
            for (int channel = 0; channel < 3; channel++)
            {
                ReadOnlySpan<float> normalised = _normalised.AsSpan(channel * 256, 256);
                for (int y = 0; y < size; y++)
                {
                    int source = origin + y * side * 3 + channel;
                    for (int x = 0; x < size; x++, source += 3)
                    {
                        patches[target++] = normalised[pixels[source]];
                    }
                }
            }
        }
    }

    private RgbImage Pad(RgbImage image)
    {
        int side = _config.ImageSize;
        var padded = new PaddedImage(image, side, side, _meanColor);
        var pixels = new byte[side * side * 3];
        for (int y = 0; y < side; y++)
        {
            padded.CopyRow(y, pixels.AsSpan(y * side * 3, side * 3));
        }

        return new RgbImage(side, side, pixels);
    }
}
