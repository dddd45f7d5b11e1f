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

    [Theory]
    [InlineData(48)]
    [InlineData(64)]
    [InlineData(128)]
    public void Attend_OtherQueriesBeside_SameBits(int headWidth)
    {
        foreach (int length in (int[])[7, 32, 61])
        {
            foreach (int bits in Widths.Available)
            {
                float[] alone = Check(bits, headWidth, length, 1);
                float[] beside = Check(bits, headWidth, length, Attention.Queries);
                Assert.Equal(alone.Select(BitConverter.SingleToInt32Bits), beside[..headWidth].Select(BitConverter.SingleToInt32Bits));
            }
        }
    }

    /// <summary>Blocks lie in memory in two runs, the later positions in front; what is behind the length is not a number.</summary>
    private static float[] Check(int bits, int headWidth, int length, int count)
    {
        var random = new Random(headWidth + length);
        int valueStride = (headWidth + 31) / 32 * 32;
        int blockCount = (length + KVBlocks.Positions - 1) / KVBlocks.Positions;
        int keyHalves = KVBlocks.Positions * headWidth * blockCount;
        int valueHalves = KVBlocks.Positions * valueStride * blockCount;
        float scale = 1f / MathF.Sqrt(headWidth);
        using var keys = new GuardedMemory(keyHalves * sizeof(ushort));
        using var values = new GuardedMemory(valueHalves * sizeof(ushort));
        using var queries = new GuardedMemory(count * headWidth * sizeof(float));
        using var outputs = new GuardedMemory(count * headWidth * sizeof(float));
        using var scratch = new GuardedMemory(Attention.ScratchFloats(headWidth, valueStride, length) * sizeof(float));
        new Span<ushort>(keys.Pointer, keyHalves).Fill(BitConverter.HalfToUInt16Bits(Half.NaN));
        new Span<ushort>(values.Pointer, valueHalves).Fill(BitConverter.HalfToUInt16Bits(Half.NaN));
        int* table = stackalloc int[blockCount];
        for (int i = 0; i < blockCount; i++)
        {
            table[i] = (i + (blockCount / 2)) % blockCount;
        }

        var blocks = new KVBlocks((ushort*)keys.Pointer, (ushort*)values.Pointer, table, headWidth, valueStride);
        for (int position = 0; position < length; position++)
        {
            for (int d = 0; d < valueStride; d++)
            {
                if (d < headWidth)
                {
                    blocks.Key(position)[d * Attention.TilePositions] = RandomHalf(random);
                }

                blocks.Value(position)[d] = RandomHalf(random);
            }
        }

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

        Attend(bits, query, lengths, count, blocks, length, scale, output, scratch.Floats);
        for (int c = 0; c < count; c++)
        {
            double[] expected = Reference(query[c], lengths[c], blocks, scale);
            for (int d = 0; d < headWidth; d++)
            {
                Assert.True(
                    Math.Abs(expected[d] - output[c][d]) < 1e-5,
                    $"{bits} bits, width {headWidth}, length {lengths[c]}, query {c} of {count}: [{d}] {output[c][d]} for {expected[d]}");
            }
        }

        return new ReadOnlySpan<float>(outputs.Floats, count * headWidth).ToArray();
    }

    private static void Attend(int bits, float** query, int* lengths, int count, in KVBlocks blocks, int context, float scale, float** output, float* scratch)
    {
        switch (bits)
        {
            case 512:
                Attention.Attend<Lanes512, Vector512<float>, Vector512<int>>(query, lengths, count, blocks, context, scale, output, scratch);
                break;
            case 256:
                Attention.Attend<Lanes256, Vector256<float>, Vector256<int>>(query, lengths, count, blocks, context, scale, output, scratch);
                break;
            case 128:
                Attention.Attend<Lanes128, Vector128<float>, Vector128<int>>(query, lengths, count, blocks, context, scale, output, scratch);
                break;
            default:
                Attention.Attend<LanesScalar, float, int>(query, lengths, count, blocks, context, scale, output, scratch);
                break;
        }
    }

    private static double[] Reference(float* query, int length, in KVBlocks blocks, float scale)
    {
        var weights = new double[length];
        for (int position = 0; position < length; position++)
        {
            ushort* key = blocks.Key(position);
            for (int d = 0; d < blocks.HeadWidth; d++)
            {
                weights[position] += query[d] * (double)BitConverter.UInt16BitsToHalf(key[d * Attention.TilePositions]);
            }

            weights[position] = Math.Exp(weights[position] * scale);
        }

        double sum = weights.Sum();
        var output = new double[blocks.HeadWidth];
        for (int position = 0; position < length; position++)
        {
            ushort* value = blocks.Value(position);
            for (int d = 0; d < blocks.HeadWidth; d++)
            {
                output[d] += weights[position] / sum * (double)BitConverter.UInt16BitsToHalf(value[d]);
            }
        }

        return output;
    }

    private static ushort RandomHalf(Random random) => BitConverter.HalfToUInt16Bits((Half)(random.NextDouble() - 0.5));
}
