using System.Runtime.InteropServices;
using SkiaSharp;

namespace LlavaServer.Training.Drawing;

/// <summary>
/// The authors' preprocessing: pad to a square with CLIP's mean colour, resize as Pillow's bicubic filter does, normalise, and cut
/// into patches. The result is [rows x patch length], patches row by row, each channel-major.
/// </summary>
public static class ModelPicture
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    public static float[] Patches(SKBitmap bitmap, int size, int patch)
    {
        var square = Square(bitmap, out var side);
        var resized = Resize(square, side, size);
        int grid = size / patch, length = 3 * patch * patch;
        var result = new float[grid * grid * length];
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                var at = ((((y / patch) * grid) + (x / patch)) * length) + ((y % patch) * patch) + (x % patch);
                for (var c = 0; c < 3; c++)
                {
                    result[at + (c * patch * patch)] = ((resized[(((y * size) + x) * 3) + c] / 255f) - Mean[c]) / Deviation[c];
                }
            }
        }

        return result;
    }

    /// <summary>Pillow's bicubic resize (a = -0.5, 22-bit fixed point) of a square of RGB bytes to another side.</summary>
    public static byte[] Resize(byte[] source, int side, int size)
    {
        if (side == size)
        {
            return source;
        }

        var (first, weights, taps) = Filter(side, size);
        var between = new byte[side * size * 3];
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < size; x++)
            {
                Accumulate(source, ((y * side) + first[x]) * 3, 3, weights.AsSpan(x * taps, taps), between, ((y * size) + x) * 3);
            }
        }

        var result = new byte[size * size * 3];
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                Accumulate(between, ((first[y] * size) + x) * 3, size * 3, weights.AsSpan(y * taps, taps), result, ((y * size) + x) * 3);
            }
        }

        return result;
    }

    private static void Accumulate(byte[] source, int at, int stride, ReadOnlySpan<int> weights, byte[] target, int to)
    {
        const int Half = 1 << 21;
        int r = Half, g = Half, b = Half;
        foreach (var weight in weights)
        {
            if (weight != 0)
            {
                r += source[at] * weight;
                g += source[at + 1] * weight;
                b += source[at + 2] * weight;
            }

            at += stride;
        }

        target[to] = (byte)Math.Clamp(r >> 22, 0, 255);
        target[to + 1] = (byte)Math.Clamp(g >> 22, 0, 255);
        target[to + 2] = (byte)Math.Clamp(b >> 22, 0, 255);
    }

    private static (int[] First, int[] Weights, int Taps) Filter(int side, int size)
    {
        double scale = (double)side / size, stretch = Math.Max(scale, 1), support = 2 * stretch;
        var taps = ((int)Math.Ceiling(support) * 2) + 1;
        var first = new int[size];
        var weights = new int[size * taps];
        var exact = new double[taps];
        for (var i = 0; i < size; i++)
        {
            var centre = (i + 0.5) * scale;
            int low = Math.Max((int)(centre - support + 0.5), 0), high = Math.Min((int)(centre + support + 0.5), side);
            double sum = 0;
            for (var k = low; k < high; k++)
            {
                sum += exact[k - low] = Cubic((k - centre + 0.5) / stretch);
            }

            first[i] = low;
            for (var k = low; k < high; k++)
            {
                var value = exact[k - low] / sum * (1 << 22);
                weights[(i * taps) + k - low] = (int)(value < 0 ? value - 0.5 : value + 0.5);
            }
        }

        return (first, weights, taps);
    }

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1 : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A : 0;
    }

    private static byte[] Square(SKBitmap bitmap, out int side)
    {
        int width = bitmap.Width, height = bitmap.Height;
        side = Math.Max(width, height);
        int left = (side - width) / 2, top = (side - height) / 2;
        var square = new byte[side * side * 3];
        if (width != height)
        {
            for (var i = 0; i < square.Length; i += 3)
            {
                (square[i], square[i + 1], square[i + 2]) = (122, 116, 104);
            }
        }

        var pixels = MemoryMarshal.AsBytes(bitmap.GetPixelSpan());
        for (var y = 0; y < height; y++)
        {
            var row = pixels.Slice(y * bitmap.RowBytes, width * 4);
            var to = (((y + top) * side) + left) * 3;
            for (var x = 0; x < width; x++, to += 3)
            {
                (square[to], square[to + 1], square[to + 2]) = (row[x * 4], row[(x * 4) + 1], row[(x * 4) + 2]);
            }
        }

        return square;
    }
}
