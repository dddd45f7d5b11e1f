using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Quantization;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Products of quantized weight rows, read as they lie in the file, with quantized activation rows: a weight row is unpacked once to shorts with a
/// factor for each pair, then multiplied with all activation rows by integer dot products, four at a time.
/// </summary>
internal static unsafe class UnpackedRows
{
    /// <summary>Bytes of scratch that one thread needs for rows of this width.</summary>
    public static int ScratchBytes(int width) => (width * 2) + (width * 2) + (width / 16 * 4) + (width / 16 * 4) + 256;

    /// <summary>Rows <paramref name="firstRow"/> to <paramref name="endRow"/> of the weights times all activation rows.</summary>
    /// <param name="activations">In the weights' form.</param>
    /// <param name="firstColumn">First activation row; it becomes row 0 of the output.</param>
    /// <param name="columns">Activation rows.</param>
    /// <param name="output">Shape (columns, stride); element (c, r) is written.</param>
    /// <param name="scratch">Of <see cref="ScratchBytes"/>, this thread's own.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TBlock, L, TF, TI>(
        WeightRows weights, QuantizedRows activations, int firstColumn, int columns, float* output, int stride, int firstRow, int endRow, byte* scratch)
        where TBlock : struct, IBlockFormat
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int width = weights.Width;
        float* pairFactors = (float*)scratch;
        short* q = (short*)(pairFactors + (width / 2));
        float* factors = (float*)(q + width);
        float* addends = factors + (width / 16);
        float* tile = stackalloc float[4];
        for (int row = firstRow; row < endRow; row++)
        {
            Unpack<TBlock>(weights.FileRows + (row * weights.RowBytes), width, q, factors, addends, pairFactors);
            for (int column = 0; column < columns; column += 4)
            {
                int last = Math.Min(4, columns - column);
                if (last == 1)
                {
                    tile[0] = Dot1<L, TF, TI>(q, pairFactors, activations, firstColumn + column, width);
                }
                else
                {
                    Dot4<L, TF, TI>(q, pairFactors, activations, firstColumn + column, firstColumn + columns - 1, width, tile);
                }

                for (int c = 0; c < last; c++)
                {
                    float sum = tile[c];
                    if (TBlock.HasAddends)
                    {
                        float* sums = activations.ScaledSums + ((long)(firstColumn + column + c) * activations.Stride / 16);
                        sum += DotFloats<L, TF, TI>(addends, sums, width / 16);
                    }

                    output[((long)(column + c) * stride) + row] = sum;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack<TBlock>(byte* row, int width, short* q, float* factors, float* addends, float* pairFactors)
        where TBlock : struct, IBlockFormat
    {
        for (int start = 0; start < width; start += TBlock.Elements, row += TBlock.Bytes)
        {
            TBlock.Unpack(row, q + start, factors + (start / 16), addends + (start / 16));
        }

        for (int group = 0; group < width / 16; group++)
        {
            // A factor serves eight pairs.
            Vector256.Create(factors[group]).Store(pairFactors + (8 * group));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot1<L, TF, TI>(short* q, float* pairFactors, QuantizedRows activations, int column, int width)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        short* x = activations.Shorts + ((long)column * activations.Stride);
        float* scales = activations.Scales + ((long)column * activations.Stride / 32);
        TF sum = default;
        for (int block = 0; block < width / 32; block++)
        {
            TF blockSum = default;
            for (int lane = 0; lane < 16; lane += L.Count)
            {
                int pair = (16 * block) + lane;
                TI products = L.MultiplyAddShorts(L.LoadInt(q + (2 * pair)), L.LoadInt(x + (2 * pair)));
                blockSum = L.MultiplyAdd(L.ToSingle(products), L.Load(pairFactors + pair), blockSum);
            }

            sum = L.MultiplyAdd(blockSum, L.Broadcast(scales[block]), sum);
        }

        return L.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot4<L, TF, TI>(short* q, float* pairFactors, QuantizedRows activations, int column, int lastColumn, int width, float* tile)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        long stride = activations.Stride;
        long c1 = Math.Min(column + 1, lastColumn);
        long c2 = Math.Min(column + 2, lastColumn);
        long c3 = Math.Min(column + 3, lastColumn);
        short* x0 = activations.Shorts + (column * stride);
        short* x1 = activations.Shorts + (c1 * stride);
        short* x2 = activations.Shorts + (c2 * stride);
        short* x3 = activations.Shorts + (c3 * stride);
        float* d0 = activations.Scales + (column * stride / 32);
        float* d1 = activations.Scales + (c1 * stride / 32);
        float* d2 = activations.Scales + (c2 * stride / 32);
        float* d3 = activations.Scales + (c3 * stride / 32);
        TF s0 = default, s1 = default, s2 = default, s3 = default;
        for (int block = 0; block < width / 32; block++)
        {
            TF b0 = default, b1 = default, b2 = default, b3 = default;
            for (int lane = 0; lane < 16; lane += L.Count)
            {
                int pair = (16 * block) + lane;
                TI weights = L.LoadInt(q + (2 * pair));
                TF factor = L.Load(pairFactors + pair);
                b0 = L.MultiplyAdd(L.ToSingle(L.MultiplyAddShorts(weights, L.LoadInt(x0 + (2 * pair)))), factor, b0);
                b1 = L.MultiplyAdd(L.ToSingle(L.MultiplyAddShorts(weights, L.LoadInt(x1 + (2 * pair)))), factor, b1);
                b2 = L.MultiplyAdd(L.ToSingle(L.MultiplyAddShorts(weights, L.LoadInt(x2 + (2 * pair)))), factor, b2);
                b3 = L.MultiplyAdd(L.ToSingle(L.MultiplyAddShorts(weights, L.LoadInt(x3 + (2 * pair)))), factor, b3);
            }

            s0 = L.MultiplyAdd(b0, L.Broadcast(d0[block]), s0);
            s1 = L.MultiplyAdd(b1, L.Broadcast(d1[block]), s1);
            s2 = L.MultiplyAdd(b2, L.Broadcast(d2[block]), s2);
            s3 = L.MultiplyAdd(b3, L.Broadcast(d3[block]), s3);
        }

        tile[0] = L.Sum(s0);
        tile[1] = L.Sum(s1);
        tile[2] = L.Sum(s2);
        tile[3] = L.Sum(s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float DotFloats<L, TF, TI>(float* left, float* right, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TF sum = default;
        int i = 0;
        for (; i <= count - L.Count; i += L.Count)
        {
            sum = L.MultiplyAdd(L.Load(left + i), L.Load(right + i), sum);
        }

        float total = L.Sum(sum);
        for (; i < count; i++)
        {
            total += left[i] * right[i];
        }

        return total;
    }
}
