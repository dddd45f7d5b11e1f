namespace LlavaServer.Inference.Images;

/// <summary>A decoded picture after orientation, 8 bits a channel. Immutable after creation, shared between threads.</summary>
public sealed class RgbImage
{
    private readonly byte[] _pixels;

    /// <param name="width">Pixels per row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">Row-major R, G, B bytes, shape (height, width, 3), without row padding.</param>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.LongLength, (long)width * height * 3, nameof(pixels));
        Width = width;
        Height = height;
        _pixels = pixels;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Row-major R, G, B bytes, shape (Height, Width, 3).</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;
}
