using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Tests.Vision.Kernels;

public sealed unsafe class BidirectionalAttentionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(64)]
    public void Run_EveryPositionCount_EqualsPlainLoops(int headWidth)
    {
        const int Heads = 3;
        const int Threads = 2;
        using var pool = new WorkerPool(Threads);
        for (int positions = 1; positions <= 70; positions += positions < 36 ? 1 : 7)
        {
            int width = Heads * headWidth;
            using FloatBuffer qkv = FloatBuffer.Random(positions * 3 * width, (ulong)positions, 1.5f);
            using var output = new FloatBuffer(positions * width);
            (long keys, long values) = BidirectionalAttention.PackedFloats(positions, Heads, headWidth);
            using var packed = new FloatBuffer((int)(keys + values));
            int scratchFloats = (int)BidirectionalAttention.ScratchFloats(positions, headWidth);
            using var scratch = new FloatBuffer(scratchFloats * Threads);
            BidirectionalAttention.Run(pool, new AttentionBuffers
            {
                Positions = positions,
                Heads = Heads,
                HeadWidth = headWidth,
                QueriesKeysValues = qkv.Pointer,
                Stride = 3 * width,
                PartStride = width,
                Output = output.Pointer,
                OutputStride = width,
                Packed = packed.Pointer,
                Scratch = scratch.Pointer,
                ScratchStride = scratchFloats,
                RoundsToHalf = false,
            });

            for (int position = 0; position < positions; position++)
            {
                for (int head = 0; head < Heads; head++)
                {
                    double[] expected = Attend(qkv.Span.ToArray(), positions, width, headWidth, head, position);
                    for (int i = 0; i < headWidth; i++)
                    {
                        Assert.Equal((float)expected[i], output.Span[position * width + head * headWidth + i], 2e-5f);
                    }
                }
            }
        }
    }

    private static double[] Attend(float[] qkv, int positions, int width, int headWidth, int head, int query)
    {
        var weights = new double[positions];
        for (int key = 0; key < positions; key++)
        {
            double score = 0;
            for (int i = head * headWidth; i < (head + 1) * headWidth; i++)
            {
                score += (double)qkv[query * 3 * width + i] * qkv[key * 3 * width + width + i];
            }

            weights[key] = Math.Exp(score / Math.Sqrt(headWidth));
        }

        double sum = weights.Sum();
        var result = new double[headWidth];
        for (int key = 0; key < positions; key++)
        {
            for (int i = 0; i < headWidth; i++)
            {
                result[i] += weights[key] / sum * qkv[key * 3 * width + 2 * width + head * headWidth + i];
            }
        }

        return result;
    }
}
