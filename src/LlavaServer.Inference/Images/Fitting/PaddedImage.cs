namespace LlavaServer.Inference.Images.Fitting;

/// <summary>
/// A picture on a larger canvas of one colour, without the canvas in memory: a picture of 1 x 16384 pixels padded to a square would take 805 MB.
/// </summary>
internal readonly struct PaddedImage
{
    private readonly RgbImage _image;
    private readonly (byte R, byte G, byte B) _color;
    private readonly int _left;
    private readonly int _top;

    /// <summary>The picture alone.</summary>
    public PaddedImage(RgbImage image)
        : this(image, image.Width, image.Height, default)
    {
    }

    /// <summary>The picture centred on a canvas, the odd pixel right and below.</summary>
    public PaddedImage(RgbImage image, int width, int height, (byte R, byte G, byte B) color)
    {
        _image = image;
        _color = color;
        _left = (width - image.Width) / 2;
        _top = (height - image.Height) / 2;
        Width = width;
        Height = height;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Rows of the canvas that hold picture: <see cref="FirstRow"/> to before <see cref="EndRow"/>. All others are of one colour.</summary>
    public int FirstRow => _top;

    public int EndRow => _top + _image.Height;

    /// <summary>Writes row <paramref name="y"/>, shape (Width, 3).</summary>
    public void CopyRow(int y, Span<byte> row)
    {
        Fill(row[..(Width * 3)], _color);
        if (y >= FirstRow && y < EndRow)
        {
            _image.Pixels.Slice((y - _top) * _image.Width * 3, _image.Width * 3).CopyTo(row[(_left * 3)..]);
        }
    }

    /// <summary>Fills pixels with one colour.</summary>
    public static void Fill(Span<byte> pixels, (byte R, byte G, byte B) color)
    {
        for (int i = 0; i + 2 < pixels.Length; i += 3)
        {
            pixels[i] = color.R;
            pixels[i + 1] = color.G;
            pixels[i + 2] = color.B;
        }
    }
}
