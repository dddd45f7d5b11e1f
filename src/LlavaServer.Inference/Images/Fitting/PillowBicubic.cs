using System.Numerics;
using System.Runtime.CompilerServices;
namespace LlavaServer.Inference.Images.Fitting;

/// <summary>
/// Pillow's antialiasing bicubic filter (a = -0.5) on 8-bit pixels, equal to it to the bit: separable, weights in fixed point of 22 bits, each pass
/// rounded and clamped to bytes (python-pillow/Pillow: src/libImaging/Resample.c). Stateless, any thread.
/// </summary>
internal static class PillowBicubic
{
    private const int Precision = 22;
    private const double FilterSupport = 2;

    /// <param name="source">The picture on its canvas.</param>
    /// <param name="width">Of the result.</param>
    /// <param name="height">Of the result.</param>
    /// <param name="giveWay">Called before every row: a large picture takes a tenth of a second.</param>
    public static RgbImage Resize(PaddedImage source, int width, int height, Action? giveWay = null)
    {
        // Rows outside the picture are all alike: the last row of the intermediate picture stands for them.
        int pictureRows = source.EndRow - source.FirstRow;
        var narrow = new byte[(pictureRows + 1) * width * 3];
        ResizeRows(source, width, pictureRows, narrow, giveWay);
        return new RgbImage(width, height, ResizeColumns(source, width, height, narrow, giveWay));
    }

    private static void ResizeRows(PaddedImage source, int width, int pictureRows, byte[] narrow, Action? giveWay)
    {
        var row = new byte[source.Width * 3];
        Taps? taps = width == source.Width ? null : new Taps(source.Width, width);

        // One plane a channel, each with room for the vector that begins at its last pixel.
        int plane = source.Width + (taps?.Stride ?? 0);
        var planes = new byte[3 * plane];
        bool hasPadding = pictureRows < source.Height;
        for (int y = 0; y < pictureRows + (hasPadding ? 1 : 0); y++)
        {
            giveWay?.Invoke();
            source.CopyRow(y < pictureRows ? source.FirstRow + y : -1, row);
            Span<byte> target = narrow.AsSpan(y * width * 3, width * 3);
            if (taps is null)
            {
                row.CopyTo(target);
                continue;
            }

            Split(row, planes.AsSpan(0, plane), planes.AsSpan(plane, plane), planes.AsSpan(2 * plane, plane));
            for (int channel = 0; channel < 3; channel++)
            {
                ResizeRow(planes.AsSpan(channel * plane, plane), taps, target[channel..]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(ReadOnlySpan<byte> row, Span<byte> red, Span<byte> green, Span<byte> blue)
    {
        for (int x = 0, i = 0; i + 2 < row.Length; x++, i += 3)
        {
            red[x] = row[i];
            green[x] = row[i + 1];
            blue[x] = row[i + 2];
        }
    }

    /// <summary>Writes every third byte of <paramref name="target"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ResizeRow(ReadOnlySpan<byte> pixels, Taps taps, Span<byte> target)
    {
        for (int x = 0; 3 * x < target.Length; x++)
        {
            (int first, int count) = taps.Range(x);
            ReadOnlySpan<int> weights = taps.Weights(x);
            var sums = Vector<int>.Zero;
            for (int i = 0; i < count; i += Vector<byte>.Count)
            {
                // Weights beyond the count are zero, whatever the pixels there are.
                Vector.Widen(new Vector<byte>(pixels[(first + i)..]), out Vector<ushort> low, out Vector<ushort> high);
                Vector.Widen(low, out Vector<uint> a, out Vector<uint> b);
                Vector.Widen(high, out Vector<uint> c, out Vector<uint> d);
                ReadOnlySpan<int> weight = weights[i..];
                sums += Vector.AsVectorInt32(a) * new Vector<int>(weight);
                sums += Vector.AsVectorInt32(b) * new Vector<int>(weight[Vector<int>.Count..]);
                sums += Vector.AsVectorInt32(c) * new Vector<int>(weight[(2 * Vector<int>.Count)..]);
                sums += Vector.AsVectorInt32(d) * new Vector<int>(weight[(3 * Vector<int>.Count)..]);
            }

            target[3 * x] = Clamp(Vector.Sum(sums) + (1 << (Precision - 1)));
        }
    }

    private static byte[] ResizeColumns(PaddedImage source, int width, int height, byte[] narrow, Action? giveWay)
    {
        int rowBytes = width * 3;
        var result = new byte[height * rowBytes];
        Taps? taps = height == source.Height ? null : new Taps(source.Height, height);
        var sums = new int[rowBytes];
        int pictureRows = source.EndRow - source.FirstRow;
        for (int y = 0; y < height; y++)
        {
            giveWay?.Invoke();
            Span<byte> target = result.AsSpan(y * rowBytes, rowBytes);
            if (taps is null)
            {
                Row(y).CopyTo(target);
                continue;
            }

            Array.Fill(sums, 1 << (Precision - 1));
            (int first, int count) = taps.Range(y);
            ReadOnlySpan<int> weights = taps.Weights(y);
            for (int i = 0; i < count; i++)
            {
                AddRow(Row(first + i), weights[i], sums);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRow(ReadOnlySpan<byte> row, int weight, Span<int> sums)
    {
        int x = 0;
        for (; x <= row.Length - Vector<byte>.Count; x += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(row[x..]), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> a, out Vector<uint> b);
            Vector.Widen(high, out Vector<uint> c, out Vector<uint> d);
            Span<int> target = sums[x..];
            Add(a, weight, target);
            Add(b, weight, target[Vector<int>.Count..]);
            Add(c, weight, target[(2 * Vector<int>.Count)..]);
            Add(d, weight, target[(3 * Vector<int>.Count)..]);
        }

        for (; x < row.Length; x++)
        {
            sums[x] += row[x] * weight;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Vector<uint> pixels, int weight, Span<int> sums) =>
        (new Vector<int>(sums) + Vector.AsVectorInt32(pixels) * weight).CopyTo(sums);

    private static byte Clamp(int sum) => (byte)Math.Clamp(sum >> Precision, 0, 255);

    /// <summary>Source range and weights of every target pixel along one axis.</summary>
    private sealed class Taps
    {
        private readonly int[] _weights;
        private readonly (int First, int Count)[] _ranges;
        public Taps(int source, int target)
        {
            double scale = (double)source / target;
            double filterScale = Math.Max(scale, 1);
            double support = FilterSupport * filterScale;
            int length = (int)Math.Ceiling(support) * 2 + 1;
            Stride = (length + Vector<byte>.Count - 1) / Vector<byte>.Count * Vector<byte>.Count;
            _weights = new int[target * Stride];
            _ranges = new (int, int)[target];
            var weights = new double[length];
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
                    _weights[x * Stride + i] = (int)(fixedPoint + (fixedPoint < 0 ? -0.5 : 0.5));
                }

                _ranges[x] = (first, count);
            }
        }

        /// <summary>Weights kept for a target pixel: a multiple of the vector length, zero beyond its range.</summary>
        public int Stride { get; }

        public (int First, int Count) Range(int x) => _ranges[x];

        public ReadOnlySpan<int> Weights(int x) => _weights.AsSpan(x * Stride, Stride);

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
