using System.Numerics;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Full (not causal) multi-head attention over all positions of a picture. Keys and values are packed once per head, then each part computes 32
/// queries of one head: transposed scores (keys, 32) by the tile kernel, softmax down the columns, and transposed output (head width, 32). So the
/// scores of a part are already the packed panel that the second product reads. Owned by the tower's thread, run on its pool.
/// </summary>
internal static unsafe class BidirectionalAttention
{
    /// <summary>Floats of packed keys, and of packed values, of all heads.</summary>
    public static (long Keys, long Values) PackedFloats(int positions, int heads, int headWidth) =>
        ((long)heads * MatMulFloat.PaddedRows(positions) * headWidth, (long)heads * MatMulFloat.PaddedRows(headWidth) * positions);

    /// <summary>Floats of scratch that each thread needs: scores, output, packed queries, sums and a query row group.</summary>
    public static long ScratchFloats(int positions, int headWidth) =>
        ((long)MatMulFloat.PaddedRows(positions) + MatMulFloat.PaddedRows(headWidth) + headWidth + 1) * MatMulFloatTile.Columns;

    /// <summary>Runs attention; afterwards <see cref="AttentionBuffers.Output"/> holds the heads side by side.</summary>
    public static void Run(WorkerPool pool, in AttentionBuffers buffers)
    {
        pool.Run(new PackJob(buffers), buffers.Heads);
        int blocks = (buffers.Positions + MatMulFloatTile.Columns - 1) / MatMulFloatTile.Columns;
        pool.Run(new HeadJob(buffers, blocks), buffers.Heads * blocks);
    }

    /// <summary>Packs keys (groups of 12 keys, depth head width) and values (groups of 12 of the head's dimensions, depth keys) of one head.</summary>
    private readonly struct PackJob(AttentionBuffers buffers) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            int positions = buffers.Positions;
            int width = buffers.HeadWidth;
            float* keys = buffers.PackedKeys(part);
            float* values = buffers.PackedValues(part);
            for (int first = 0; first < positions; first += MatMulFloatTile.Rows)
            {
                int rows = Math.Min(MatMulFloatTile.Rows, positions - first);
                float* group = keys + (nint)first * width;
                MatMulFloatPacking.Pack(buffers.Key(part, first), buffers.Stride, rows, width, group, MatMulFloatTile.Rows);
            }

            for (int first = 0; first < width; first += MatMulFloatTile.Rows)
            {
                int columns = Math.Min(MatMulFloatTile.Rows, width - first);
                float* target = values + (nint)first * positions;
                for (int position = 0; position < positions; position++, target += MatMulFloatTile.Rows)
                {
                    var packed = new Span<float>(target, MatMulFloatTile.Rows);
                    new ReadOnlySpan<float>(buffers.Value(part, position) + first, columns).CopyTo(packed);
                    packed[columns..].Clear();
                }
            }

            if (buffers.RoundsToHalf)
            {
                HalfPrecision.Round(keys, MatMulFloat.PaddedRows(positions) * width);
                HalfPrecision.Round(values, MatMulFloat.PaddedRows(width) * positions);
            }
        }
    }

    private readonly struct HeadJob(AttentionBuffers buffers, int blocks) : IWorkerJob
    {
        public void Execute(int part, int worker)
        {
            const int Columns = MatMulFloatTile.Columns;
            int head = part / blocks;
            int first = part % blocks * Columns;
            int count = Math.Min(Columns, buffers.Positions - first);
            int width = buffers.HeadWidth;
            int positions = buffers.Positions;

            float* scores = buffers.Scratch + worker * (nint)buffers.ScratchStride;
            float* output = scores + (nint)MatMulFloat.PaddedRows(positions) * Columns;
            float* queries = output + MatMulFloat.PaddedRows(width) * Columns;
            float* inverseSums = queries + width * Columns;

            MatMulFloatPacking.Pack(buffers.Query(head, first), buffers.Stride, count, width, queries, Columns);
            Scale(queries, width * Columns, 1 / MathF.Sqrt(width));
            Multiply(buffers.PackedKeys(head), positions, queries, width, scores);
            SoftmaxColumns.Apply(scores, positions, inverseSums);
            Multiply(buffers.PackedValues(head), width, scores, positions, output);
            for (int row = 0; row < count; row++)
            {
                float* target = buffers.OutputRow(head, first + row);
                for (int i = 0; i < width; i++)
                {
                    target[i] = output[i * Columns + row] * inverseSums[row];
                }
            }
        }

        private static void Multiply(float* a, int rows, float* b, int depth, float* c)
        {
            for (int group = 0; group < MatMulFloat.RowGroups(rows); group++)
            {
                float* rowGroup = a + (nint)group * MatMulFloatTile.Rows * depth;
                float* target = c + group * MatMulFloatTile.Rows * MatMulFloatTile.Columns;
                MatMulFloatTile.Multiply(rowGroup, b, depth, target, MatMulFloatTile.Columns, accumulate: false);
            }
        }

        private static void Scale(float* values, int count, float factor)
        {
            for (int i = 0; i < count; i += Vector<float>.Count)
            {
                (Vector.Load(values + i) * factor).Store(values + i);
            }
        }
    }
}
