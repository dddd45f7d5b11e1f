using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Tests.Kernels;

public sealed unsafe class AttentionTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(64)]
    [InlineData(128)]
    public void Attend_LengthsAndCounts_EqualsDouble(int headWidth)
    {
        foreach (int length in (int[])[1, 2, 15, 16, 17, 33, 100])
        {
            for (int count = 1; count <= Attention.Queries; count++)
            {
                foreach (int bits in Widths.Available)
                {
                    Check(bits, headWidth, length, count);
                }
            }
        }
    }

    private static void Check(int bits, int headWidth, int length, int count)
    {
        var random = new Random(headWidth + length + count);
        int valueStride = (headWidth + 31) / 32 * 32;
        int tiles = (length + 15) / 16;
        float scale = 1f / MathF.Sqrt(headWidth);
        using var keys = new GuardedMemory((long)tiles * headWidth * 16 * sizeof(ushort));
        using var values = new GuardedMemory((long)length * valueStride * sizeof(ushort));
        using var queries = new GuardedMemory(count * headWidth * sizeof(float));
        using var outputs = new GuardedMemory(count * headWidth * sizeof(float));
        using var scratch = new GuardedMemory(Attention.ScratchFloats(headWidth, valueStride, length) * sizeof(float));
        Fill(random, (ushort*)keys.Pointer, tiles * headWidth * 16);
        Fill(random, (ushort*)values.Pointer, length * valueStride);
        float** query = stackalloc float*[Attention.Queries];
        float** output = stackalloc float*[Attention.Queries];
        int* lengths = stackalloc int[Attention.Queries];
        for (int c = 0; c < count; c++)
        {
            query[c] = queries.Floats + (c * headWidth);
            output[c] = outputs.Floats + (c * headWidth);
            lengths[c] = Math.Max(1, length - c);
            for (int d = 0; d < headWidth; d++)
            {
                query[c][d] = (float)((random.NextDouble() - 0.5) * 6);
            }
        }

        Attend(bits, query, lengths, count, (ushort*)keys.Pointer, (ushort*)values.Pointer, headWidth, valueStride, length, scale, output, scratch.Floats);
        for (int c = 0; c < count; c++)
        {
            double[] expected = Reference(query[c], lengths[c], (Half*)keys.Pointer, (Half*)values.Pointer, headWidth, valueStride, scale);
            for (int d = 0; d < headWidth; d++)
            {
                Assert.True(
                    Math.Abs(expected[d] - output[c][d]) < 1e-5,
                    $"{bits} bits, width {headWidth}, length {lengths[c]}, query {c} of {count}: [{d}] {output[c][d]} for {expected[d]}");
            }
        }
    }

    private static void Attend(
        int bits, float** query, int* lengths, int count, ushort* keys, ushort* values, int width, int stride, int context, float scale, float** output, float* scratch)
    {
        switch (bits)
        {
            case 512:
                Attention.Attend<Lanes512, Vector512<float>, Vector512<int>>(query, lengths, count, keys, values, width, stride, context, scale, output, scratch);
                break;
            case 256:
                Attention.Attend<Lanes256, Vector256<float>, Vector256<int>>(query, lengths, count, keys, values, width, stride, context, scale, output, scratch);
                break;
            case 128:
                Attention.Attend<Lanes128, Vector128<float>, Vector128<int>>(query, lengths, count, keys, values, width, stride, context, scale, output, scratch);
                break;
            default:
                Attention.Attend<LanesScalar, float, int>(query, lengths, count, keys, values, width, stride, context, scale, output, scratch);
                break;
        }
    }

    private static double[] Reference(float* query, int length, Half* keys, Half* values, int headWidth, int valueStride, float scale)
    {
        var weights = new double[length];
        for (int position = 0; position < length; position++)
        {
            for (int d = 0; d < headWidth; d++)
            {
                weights[position] += query[d] * (double)keys[(((position / 16 * headWidth) + d) * 16) + (position % 16)];
            }

            weights[position] = Math.Exp(weights[position] * scale);
        }

        double sum = weights.Sum();
        var output = new double[headWidth];
        for (int position = 0; position < length; position++)
        {
            for (int d = 0; d < headWidth; d++)
            {
                output[d] += weights[position] / sum * (double)values[(position * valueStride) + d];
            }
        }

        return output;
    }

    private static void Fill(Random random, ushort* target, int count)
    {
        for (int i = 0; i < count; i++)
        {
            target[i] = BitConverter.HalfToUInt16Bits((Half)(random.NextDouble() - 0.5));
        }
    }
}
