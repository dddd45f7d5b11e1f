using LlavaServer.Inference.Images;
using LlavaServer.Inference.Images.Fitting;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// From a picture of any shape to normalised patches: fit on the square, mean and deviation, order of the convolution's kernel. Immutable, any thread.
/// </summary>
internal sealed class ImagePreprocessor
{
    private readonly ClipConfig _config;
    private readonly PictureFitter _fitter;

    // Normalised value of every byte: channel · 256 + byte.
    private readonly float[] _normalised = new float[3 * 256];

    public ImagePreprocessor(ClipConfig config, VisionRules rules)
    {
        _config = config;
        _fitter = new PictureFitter(config.ImageSize, PictureFitter.FitOf(rules.Profile), config.ImageMean);
        for (int i = 0; i < _normalised.Length; i++)
        {
            _normalised[i] = (i % 256 / 255f - config.ImageMean[i / 256]) / config.ImageStd[i / 256];
        }
    }

    /// <summary>Floats of one patch: 3 · patch².</summary>
    public int PatchFloats => 3 * _config.PatchSize * _config.PatchSize;

    /// <summary>The square picture that the tower sees.</summary>
    public RgbImage Fit(RgbImage image, Action? giveWay = null) => _fitter.Fit(image, giveWay);

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
}
