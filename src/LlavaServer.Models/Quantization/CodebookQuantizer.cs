using System.Buffers.Binary;

namespace LlavaServer.Models.Quantization;

/// <summary>Quantization of the non-linear 4-bit types: every element takes the nearest of sixteen values times a scale.</summary>
internal static class CodebookQuantizer
{
    private const int Trials = 7;

    public static void IQ4_NL(ReadOnlySpan<float> x, Span<byte> block)
    {
        var scale = FindScale(x);
        SmallBlockQuantizer.WriteHalf(block, scale);
        WriteQuants(x, scale != 0 ? 1 / scale : 0, block[2..]);
    }

    public static void IQ4_XS(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[8];
        var extreme = 0f;
        for (var group = 0; group < 8; group++)
        {
            scales[group] = FindScale(x.Slice(32 * group, 32));
            extreme = Math.Abs(scales[group]) > Math.Abs(extreme) ? scales[group] : extreme;
        }

        block.Clear();
        var d = -extreme / 32;
        SmallBlockQuantizer.WriteHalf(block, d);
        var inverse = d != 0 ? 1 / d : 0;
        var high = 0;
        for (var group = 0; group < 8; group++)
        {
            var level = Math.Clamp(ScaleSearch.Nearest(inverse * scales[group]), -32, 31);
            var groupScale = d * level;
            WriteQuants(x.Slice(32 * group, 32), groupScale != 0 ? 1 / groupScale : 0, block.Slice(8 + 16 * group, 16));
            level += 32;
            block[4 + group / 2] |= (byte)((level & 15) << (4 * (group & 1)));
            high |= level >> 4 << (2 * group);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(block[2..], (ushort)high);
    }

    private static float FindScale(ReadOnlySpan<float> x)
    {
        var (magnitude, extreme) = (0f, 0f);
        foreach (var value in x)
        {
            if (Math.Abs(value) > magnitude)
            {
                (magnitude, extreme) = (Math.Abs(value), value);
            }
        }

        if (magnitude < ScaleSearch.Negligible)
        {
            return 0;
        }

        var (sumQX, sumQ2) = Sums(x, 1 / (-extreme / SmallBlocks.Codebook[0]));
        var scale = sumQ2 > 0 ? sumQX / sumQ2 : 0;
        var best = scale * sumQX;
        for (var trial = -Trials; trial <= Trials; trial++)
        {
            (sumQX, sumQ2) = Sums(x, (trial + SmallBlocks.Codebook[0]) / extreme);
            if (sumQ2 > 0 && sumQX * sumQX > best * sumQ2)
            {
                scale = sumQX / sumQ2;
                best = scale * sumQX;
            }
        }

        return scale;
    }

    private static (float SumQX, float SumQ2) Sums(ReadOnlySpan<float> x, float inverse)
    {
        var (sumQX, sumQ2) = (0f, 0f);
        foreach (var value in x)
        {
            float quant = SmallBlocks.Codebook[Nearest(inverse * value)];
            var weight = value * value;
            sumQX += weight * quant * value;
            sumQ2 += weight * quant * quant;
        }

        return (sumQX, sumQ2);
    }

    private static void WriteQuants(ReadOnlySpan<float> x, float inverse, Span<byte> quants)
    {
        for (var i = 0; i < 16; i++)
        {
            quants[i] = (byte)(Nearest(inverse * x[i]) | Nearest(inverse * x[16 + i]) << 4);
        }
    }

    /// <summary>Index of the codebook value nearest to x; the upper one of two equally near.</summary>
    private static int Nearest(float x)
    {
        var codebook = SmallBlocks.Codebook;
        if (x <= codebook[0])
        {
            return 0;
        }

        if (x >= codebook[^1])
        {
            return codebook.Length - 1;
        }

        var upper = 1;
        while (x >= codebook[upper])
        {
            upper++;
        }

        return x - codebook[upper - 1] < codebook[upper] - x ? upper - 1 : upper;
    }
}
