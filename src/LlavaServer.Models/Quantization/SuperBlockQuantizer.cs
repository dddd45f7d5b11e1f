using System.Buffers.Binary;

namespace LlavaServer.Models.Quantization;

/// <summary>Quantization of the K types: 256 elements, groups of 16 or 32 with quantized scales.</summary>
internal static class SuperBlockQuantizer
{
    public static void Q2_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<byte> levels = stackalloc byte[256];
        Span<float> scales = stackalloc float[16];
        Span<float> minimums = stackalloc float[16];
        Span<float> weights = stackalloc float[16];
        for (var group = 0; group < 16; group++)
        {
            var values = x.Slice(16 * group, 16);
            for (var i = 0; i < 16; i++)
            {
                weights[i] = Math.Abs(values[i]);
            }

            scales[group] = ScaleSearch.WithMinimum(
                values, weights, 3, new(-0.5f, 0.1f, 15), absoluteError: true, levels.Slice(16 * group, 16), out minimums[group]);
        }

        var scaleBytes = block[..16];
        scaleBytes.Clear();
        WriteScales(scales, 15, scaleBytes, 0, block[80..]);
        WriteScales(minimums, 15, scaleBytes, 4, block[82..]);
        var d = SmallBlocks.ReadHalf(block, 80);
        var m = SmallBlocks.ReadHalf(block, 82);
        for (var group = 0; group < 16; group++)
        {
            Requantize(x, levels, 16 * group, 16, d * (scaleBytes[group] & 15), m * (scaleBytes[group] >> 4), 0, 3);
        }

        PackTwoBits(levels, block.Slice(16, 64));
    }

    public static void Q3_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<byte> levels = stackalloc byte[256];
        Span<float> scales = stackalloc float[16];
        var extreme = 0f;
        for (var group = 0; group < 16; group++)
        {
            scales[group] = ScaleSearch.SymmetricByDescent(x.Slice(16 * group, 16), 4, levels.Slice(16 * group, 16));
            extreme = Math.Abs(scales[group]) > Math.Abs(extreme) ? scales[group] : extreme;
        }

        block.Clear();
        var scaleBytes = block[96..108];
        if (extreme != 0)
        {
            var inverse = -32 / extreme;
            for (var group = 0; group < 16; group++)
            {
                var level = Math.Clamp((int)(sbyte)ScaleSearch.Nearest(inverse * scales[group]), -32, 31) + 32;
                scaleBytes[group % 8] |= (byte)((level & 15) << (group < 8 ? 0 : 4));
                scaleBytes[8 + group % 4] |= (byte)(level >> 4 << (2 * (group / 4)));
            }

            SmallBlockQuantizer.WriteHalf(block[108..], 1 / inverse);
        }

        var d = SmallBlocks.ReadHalf(block, 108);
        for (var group = 0; group < 16; group++)
        {
            Requantize(x, levels, 16 * group, 16, d * SuperBlocks.Q3_KScale(scaleBytes, group), 0, -4, 3);
        }

        for (var i = 0; i < 256; i++)
        {
            if (levels[i] > 3)
            {
                block[i % 32] |= (byte)(1 << (i / 32));
                levels[i] -= 4;
            }
        }

        PackTwoBits(levels, block.Slice(32, 64));
    }

    public static void Q4_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<byte> levels = stackalloc byte[256];
        FitSixBitScales(x, block, 15, new(-1f, 0.1f, 20), levels);
        for (var i = 0; i < 128; i++)
        {
            var low = i / 32 * 64 + i % 32;
            block[16 + i] = (byte)(levels[low] | levels[low + 32] << 4);
        }
    }

    public static void Q5_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<byte> levels = stackalloc byte[256];
        FitSixBitScales(x, block, 31, new(-0.5f, 0.1f, 15), levels);
        block[16..48].Clear();
        for (var i = 0; i < 128; i++)
        {
            var (pair, lane) = (i / 32, i % 32);
            var (low, high) = (levels[64 * pair + lane], levels[64 * pair + 32 + lane]);
            block[48 + i] = (byte)((low & 15) | (high & 15) << 4);
            block[16 + lane] |= (byte)(low >> 4 << (2 * pair) | high >> 4 << (2 * pair + 1));
        }
    }

    public static void Q6_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<byte> levels = stackalloc byte[256];
        Span<float> scales = stackalloc float[16];
        var extreme = 0f;
        for (var group = 0; group < 16; group++)
        {
            scales[group] = ScaleSearch.Symmetric(x.Slice(16 * group, 16), 32, levels.Slice(16 * group, 16));
            extreme = Math.Abs(scales[group]) > Math.Abs(extreme) ? scales[group] : extreme;
        }

        block.Clear();
        if (Math.Abs(extreme) < ScaleSearch.Negligible)
        {
            return;
        }

        var inverse = -128 / extreme;
        SmallBlockQuantizer.WriteHalf(block[208..], 1 / inverse);
        var d = SmallBlocks.ReadHalf(block, 208);
        for (var group = 0; group < 16; group++)
        {
            var scale = (sbyte)Math.Min(127, ScaleSearch.Nearest(inverse * scales[group]));
            block[192 + group] = (byte)scale;
            Requantize(x, levels, 16 * group, 16, d * scale, 0, -32, 31);
        }

        for (var i = 0; i < 64; i++)
        {
            var (half, lane) = (i / 32, i % 32);
            var quants = levels.Slice(128 * half, 128);
            block[64 * half + lane] = (byte)((quants[lane] & 15) | (quants[64 + lane] & 15) << 4);
            block[64 * half + 32 + lane] = (byte)((quants[32 + lane] & 15) | (quants[96 + lane] & 15) << 4);
            block[128 + i] = (byte)(quants[lane] >> 4 | quants[32 + lane] >> 4 << 2 | quants[64 + lane] >> 4 << 4 | quants[96 + lane] >> 4 << 6);
        }
    }

    /// <summary>The common part of Q4_K and Q5_K: fits eight groups of 32, writes the first 16 bytes and leaves the levels.</summary>
    private static void FitSixBitScales(ReadOnlySpan<float> x, Span<byte> block, int steps, in ScaleSearch.Grid grid, Span<byte> levels)
    {
        Span<float> scales = stackalloc float[8];
        Span<float> minimums = stackalloc float[8];
        Span<float> weights = stackalloc float[32];
        var (largestScale, largestMinimum) = (0f, 0f);
        for (var group = 0; group < 8; group++)
        {
            var values = x.Slice(32 * group, 32);
            var sumSquares = 0f;
            foreach (var value in values)
            {
                sumSquares += value * value;
            }

            var average = MathF.Sqrt(sumSquares / 32);
            for (var i = 0; i < 32; i++)
            {
                weights[i] = average + Math.Abs(values[i]);
            }

            scales[group] = ScaleSearch.WithMinimum(values, weights, steps, grid, absoluteError: false, levels.Slice(32 * group, 32), out minimums[group]);
            largestScale = scales[group] > largestScale ? scales[group] : largestScale;
            largestMinimum = minimums[group] > largestMinimum ? minimums[group] : largestMinimum;
        }

        var inverseScale = largestScale > 0 ? 63 / largestScale : 0;
        var inverseMinimum = largestMinimum > 0 ? 63 / largestMinimum : 0;
        var scaleBytes = block[4..16];
        scaleBytes.Clear();
        for (var group = 0; group < 8; group++)
        {
            var scale = Math.Min(63, (int)(byte)ScaleSearch.Nearest(inverseScale * scales[group]));
            var minimum = Math.Min(63, (int)(byte)ScaleSearch.Nearest(inverseMinimum * minimums[group]));
            if (group < 4)
            {
                scaleBytes[group] = (byte)scale;
                scaleBytes[group + 4] = (byte)minimum;
            }
            else
            {
                scaleBytes[group + 4] = (byte)((scale & 15) | (minimum & 15) << 4);
                scaleBytes[group - 4] |= (byte)(scale >> 4 << 6);
                scaleBytes[group] |= (byte)(minimum >> 4 << 6);
            }
        }

        SmallBlockQuantizer.WriteHalf(block, largestScale / 63);
        SmallBlockQuantizer.WriteHalf(block[2..], largestMinimum / 63);
        var d = SmallBlocks.ReadHalf(block, 0);
        var m = SmallBlocks.ReadHalf(block, 2);
        for (var group = 0; group < 8; group++)
        {
            var (scale, minimum) = SuperBlocks.ScaleAndMinimum(scaleBytes, group);
            Requantize(x, levels, 32 * group, 32, d * scale, m * minimum, 0, steps);
        }
    }

    /// <summary>Levels once more, against the scale as it is stored. A group whose stored scale is zero keeps its levels.</summary>
    private static void Requantize(ReadOnlySpan<float> x, Span<byte> levels, int start, int count, float scale, float minimum, int lowest, int highest)
    {
        if (scale == 0)
        {
            return;
        }

        for (var i = start; i < start + count; i++)
        {
            levels[i] = (byte)(Math.Clamp(ScaleSearch.Nearest((x[i] + minimum) / scale), lowest, highest) - lowest);
        }
    }

    private static void WriteScales(ReadOnlySpan<float> scales, int steps, Span<byte> destination, int shift, Span<byte> half)
    {
        var largest = 0f;
        foreach (var scale in scales)
        {
            largest = scale > largest ? scale : largest;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(half, 0);
        if (!(largest > 0))
        {
            return;
        }

        var inverse = steps / largest;
        for (var i = 0; i < scales.Length; i++)
        {
            destination[i] |= (byte)(ScaleSearch.Nearest(inverse * scales[i]) << shift);
        }

        SmallBlockQuantizer.WriteHalf(half, largest / steps);
    }

    private static void PackTwoBits(ReadOnlySpan<byte> levels, Span<byte> quants)
    {
        for (var i = 0; i < 64; i++)
        {
            var start = i / 32 * 128 + i % 32;
            quants[i] = (byte)(levels[start] | levels[start + 32] << 2 | levels[start + 64] << 4 | levels[start + 96] << 6);
        }
    }
}
