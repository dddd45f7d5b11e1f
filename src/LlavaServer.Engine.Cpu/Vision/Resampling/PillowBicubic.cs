using LlavaServer.Inference.Images;

namespace LlavaServer.Engine.Cpu.Vision.Resampling;

/// <summary>
/// Pillow's antialiasing bicubic filter (a = -0.5) on 8-bit pixels, equal to it to the bit: separable, weights in fixed point of 22 bits, each pass
/// rounded and clamped to bytes (python-pillow/Pillow: src/libImaging/Resample.c). Stateless, any thread.
/// </summary>
internal static class PillowBicubic
{
    private const int Precision = 22;
    private const double FilterSupport = 2;

    public static RgbImage Resize(PaddedImage source, int width, int height)
    {
        // Rows outside the picture are all alike: the last row of the intermediate picture stands for them.
        int pictureRows = source.EndRow - source.FirstRow;
        var narrow = new byte[(pictureRows + 1) * width * 3];
        ResizeRows(source, width, pictureRows, narrow);
        return new RgbImage(width, height, ResizeColumns(source, width, height, narrow));
    }

    private static void ResizeRows(PaddedImage source, int width, int pictureRows, byte[] narrow)
    {
        var row = new byte[source.Width * 3];
        Taps? taps = width == source.Width ? null : new Taps(source.Width, width);
        bool hasPadding = pictureRows < source.Height;
        for (int y = 0; y < pictureRows + (hasPadding ? 1 : 0); y++)
        {
            source.CopyRow(y < pictureRows ? source.FirstRow + y : -1, row);
            Span<byte> target = narrow.AsSpan(y * width * 3, width * 3);
            if (taps is null)
            {
                row.CopyTo(target);
                continue;
            }

            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<int> weights = taps.Weights(x);
                ReadOnlySpan<byte> pixels = row.AsSpan(taps.First(x) * 3, weights.Length * 3);
                int red = 1 << (Precision - 1);
                int green = red;
                int blue = red;
                for (int i = 0; i < weights.Length; i++)
                {
                    int weight = weights[i];
                    red += pixels[3 * i] * weight;
                    green += pixels[3 * i + 1] * weight;
                    blue += pixels[3 * i + 2] * weight;
                }

                target[3 * x] = Clamp(red);
                target[3 * x + 1] = Clamp(green);
                target[3 * x + 2] = Clamp(blue);
            }
        }
    }

    private static byte[] ResizeColumns(PaddedImage source, int width, int height, byte[] narrow)
    {
        int rowBytes = width * 3;
        var result = new byte[height * rowBytes];
        Taps? taps = height == source.Height ? null : new Taps(source.Height, height);
        var sums = new int[rowBytes];
        int pictureRows = source.EndRow - source.FirstRow;
        for (int y = 0; y < height; y++)
        {
            Span<byte> target = result.AsSpan(y * rowBytes, rowBytes);
            if (taps is null)
            {
                Row(y).CopyTo(target);
                continue;
            }

            Array.Fill(sums, 1 << (Precision - 1));
            ReadOnlySpan<int> weights = taps.Weights(y);
            for (int i = 0; i < weights.Length; i++)
            {
                ReadOnlySpan<byte> row = Row(taps.First(y) + i);
                int weight = weights[i];
                for (int x = 0; x < sums.Length; x++)
                {
                    sums[x] += row[x] * weight;
                }
            }

            for (int x = 0; x < sums.Length; x++)
            {
                target[x] = Clamp(sums[x]);
            }
        }

        return result;

        ReadOnlySpan<byte> Row(int y)
        {
            int index = y >= source.FirstRow && y < source.EndRow ? y - source.FirstRow : pictureRows;
            return narrow.AsSpan(index * rowBytes, rowBytes);
        }
    }

    private static byte Clamp(int sum) => (byte)Math.Clamp(sum >> Precision, 0, 255);

    /// <summary>Source range and weights of every target pixel along one axis.</summary>
    private sealed class Taps
    {
        private readonly int[] _weights;
        private readonly (int First, int Count)[] _ranges;
        private readonly int _stride;

        public Taps(int source, int target)
        {
            double scale = (double)source / target;
            double filterScale = Math.Max(scale, 1);
            double support = FilterSupport * filterScale;
            _stride = (int)Math.Ceiling(support) * 2 + 1;
            _weights = new int[target * _stride];
            _ranges = new (int, int)[target];
            var weights = new double[_stride];
            for (int x = 0; x < target; x++)
            {
                double center = (x + 0.5) * scale;
                int first = Math.Max(0, (int)(center - support + 0.5));
                int count = Math.Min(source, (int)(center + support + 0.5)) - first;
                double sum = 0;
                for (int i = 0; i < count; i++)
                {
                    weights[i] = Filter((i + first - center + 0.5) / filterScale);
                    sum += weights[i];
                }

                for (int i = 0; i < count; i++)
                {
                    double fixedPoint = weights[i] / sum * (1 << Precision);
                    _weights[x * _stride + i] = (int)(fixedPoint + (fixedPoint < 0 ? -0.5 : 0.5));
                }

                _ranges[x] = (first, count);
            }
        }

        public int First(int x) => _ranges[x].First;

        public ReadOnlySpan<int> Weights(int x) => _weights.AsSpan(x * _stride, _ranges[x].Count);

        private static double Filter(double x)
        {
            const double A = -0.5;
            x = Math.Abs(x);
            return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
                : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
                : 0;
        }
    }
}
