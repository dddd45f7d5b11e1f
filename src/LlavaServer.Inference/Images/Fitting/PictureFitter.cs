using LlavaServer.Inference.Engines;

namespace LlavaServer.Inference.Images.Fitting;

/// <summary>
/// Brings a picture of any shape to the square that a vision tower sees, the same for every engine. Immutable, any thread.
/// </summary>
public sealed class PictureFitter
{
    // llama.cpp pads with CLIP's mean whatever the file says.
    private static readonly (byte, byte, byte) s_clipMean = (122, 116, 104);

    private readonly ImageFit _fit;
    private readonly (byte, byte, byte) _color;

    /// <param name="side">Of the square, in pixels.</param>
    /// <param name="fit">How it gets there.</param>
    /// <param name="mean">Mean of R, G, B that the file names, in units of full brightness.</param>
    public PictureFitter(int side, ImageFit fit, ReadOnlySpan<float> mean)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(side);
        ArgumentOutOfRangeException.ThrowIfNotEqual(mean.Length, 3);
        Side = side;
        _fit = fit;
        _color = fit == ImageFit.PadThenPillow ? (Byte(mean[0]), Byte(mean[1]), Byte(mean[2])) : s_clipMean;
        static byte Byte(float value) => (byte)Math.Clamp(value * 255.0, 0, 255);
    }

    /// <summary>Of the square, in pixels.</summary>
    public int Side { get; }

    /// <summary>The way of a profile: the authors' code pads first, llama.cpp resizes first.</summary>
    public static ImageFit FitOf(VisionProfile profile) => profile switch
    {
        VisionProfile.Reference => ImageFit.PadThenPillow,
        VisionProfile.LlamaCppL28 or VisionProfile.LlamaCppH => ImageFit.NaiveThenPad,
        VisionProfile.LlamaCppD => ImageFit.PillowThenPad,
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, null),
    };

    /// <summary>The square picture; the picture itself when it has the size already.</summary>
    /// <param name="image">Pixels after orientation.</param>
    /// <param name="giveWay">Called before every row: a large picture takes a tenth of a second.</param>
    public RgbImage Fit(RgbImage image, Action? giveWay = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width == Side && image.Height == Side)
        {
            return image;
        }

        if (_fit == ImageFit.PadThenPillow)
        {
            var longer = Math.Max(image.Width, image.Height);
            return PillowBicubic.Resize(new PaddedImage(image, longer, longer, _color), Side, Side, giveWay);
        }

        var scale = Math.Min((float)Side / image.Width, (float)Side / image.Height);
        var width = Math.Min((int)MathF.Ceiling(image.Width * scale), Side);
        var height = Math.Min((int)MathF.Ceiling(image.Height * scale), Side);
        var resized = _fit == ImageFit.NaiveThenPad
            ? NaiveBicubic.Resize(image, width, height)
            : PillowBicubic.Resize(new PaddedImage(image), width, height, giveWay);
        return Pad(resized);
    }

    private RgbImage Pad(RgbImage image)
    {
        var padded = new PaddedImage(image, Side, Side, _color);
        var pixels = new byte[Side * Side * 3];
        for (var y = 0; y < Side; y++)
        {
            padded.CopyRow(y, pixels.AsSpan(y * Side * 3, Side * 3));
        }

        return new RgbImage(Side, Side, pixels);
    }
}
