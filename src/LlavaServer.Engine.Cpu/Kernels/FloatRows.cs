using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Products of F32, F16 and BF16 weight rows, read as they lie in the file, with activation rows: tiles of 4 x 4 or 4 x 1 in registers, F32
/// accumulation.
/// </summary>
internal static unsafe class FloatRows
{
    /// <summary>
    /// Activations for F16 weights carry this factor, because the weights come as their value times 2^-112 (<see cref="HalfBits"/>): products stay
    /// far from both ends of the range of floats.
    /// </summary>
    public const float HalfActivationScale = 7.922816251426434e28f;

    private const float HalfResultScale = 65536f;

    /// <summary>How a float format is read, two registers at a time.</summary>
    internal interface IFormat<TF>
        where TF : struct
    {
        static abstract int ElementBytes { get; }

        static abstract float ResultScale { get; }

        static abstract (TF First, TF Second) LoadWeights(byte* row, int element);

        static abstract (TF First, TF Second) LoadActivations(float* row, int element, int oddOffset);

        static abstract float Weight(byte* row, int element);

        static abstract float Activation(float* row, int element, int oddOffset);
    }

    /// <summary>Rows <paramref name="firstRow"/> to <paramref name="endRow"/> of the weights times all activation rows.</summary>
    /// <param name="weights">Row-major.</param>
    /// <param name="activations">First activation row.</param>
    /// <param name="stride">Floats between activation rows.</param>
    /// <param name="oddOffset">Floats from even to odd elements of an activation row.</param>
    /// <param name="columns">Activation rows.</param>
    /// <param name="output">Shape (columns, outputStride); element (c, r) is written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TFormat, L, TF, TI>(
        WeightRows weights, float* activations, int stride, int oddOffset, int columns, float* output, int outputStride, int firstRow, int endRow)
        where TFormat : struct, IFormat<TF>
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        float* tile = stackalloc float[16];
        for (int row = firstRow; row < endRow; row += 4)
        {
            // The last tile repeats its last row and column; the copies' results are dropped.
            byte* w0 = weights.FileRows + (row * weights.RowBytes);
            byte* w1 = weights.FileRows + (Math.Min(row + 1, endRow - 1) * weights.RowBytes);
            byte* w2 = weights.FileRows + (Math.Min(row + 2, endRow - 1) * weights.RowBytes);
            byte* w3 = weights.FileRows + (Math.Min(row + 3, endRow - 1) * weights.RowBytes);
            int rows = Math.Min(4, endRow - row);
            int column = 0;
            for (; columns - column > 1; column += 4)
            {
                float* x0 = activations + ((long)column * stride);
                float* x1 = activations + ((long)Math.Min(column + 1, columns - 1) * stride);
                float* x2 = activations + ((long)Math.Min(column + 2, columns - 1) * stride);
                float* x3 = activations + ((long)Math.Min(column + 3, columns - 1) * stride);
                Tile4<TFormat, L, TF, TI>(w0, w1, w2, w3, x0, x1, x2, x3, oddOffset, weights.Width, tile);
                int last = Math.Min(4, columns - column);
                for (int c = 0; c < last; c++)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        output[((long)(column + c) * outputStride) + row + r] = tile[(c * 4) + r];
                    }
                }
            }

            if (column < columns)
            {
                Tile1<TFormat, L, TF, TI>(w0, w1, w2, w3, activations + ((long)column * stride), oddOffset, weights.Width, tile);
                for (int r = 0; r < rows; r++)
                {
                    output[((long)column * outputStride) + row + r] = tile[r];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4<TFormat, L, TF, TI>(
        byte* w0, byte* w1, byte* w2, byte* w3, float* x0, float* x1, float* x2, float* x3, int oddOffset, int width, float* tile)
        where TFormat : struct, IFormat<TF>
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TF s00 = default, s01 = default, s02 = default, s03 = default;
        TF s10 = default, s11 = default, s12 = default, s13 = default;
        TF s20 = default, s21 = default, s22 = default, s23 = default;
        TF s30 = default, s31 = default, s32 = default, s33 = default;
        int i = 0;
        for (; i <= width - (2 * L.Count); i += 2 * L.Count)
        {
            (TF a0, TF b0) = TFormat.LoadWeights(w0, i);
            (TF a1, TF b1) = TFormat.LoadWeights(w1, i);
            (TF a2, TF b2) = TFormat.LoadWeights(w2, i);
            (TF a3, TF b3) = TFormat.LoadWeights(w3, i);
            (TF x, TF y) = TFormat.LoadActivations(x0, i, oddOffset);
            s00 = L.MultiplyAdd(b0, y, L.MultiplyAdd(a0, x, s00));
            s01 = L.MultiplyAdd(b1, y, L.MultiplyAdd(a1, x, s01));
            s02 = L.MultiplyAdd(b2, y, L.MultiplyAdd(a2, x, s02));
            s03 = L.MultiplyAdd(b3, y, L.MultiplyAdd(a3, x, s03));
            (x, y) = TFormat.LoadActivations(x1, i, oddOffset);
            s10 = L.MultiplyAdd(b0, y, L.MultiplyAdd(a0, x, s10));
            s11 = L.MultiplyAdd(b1, y, L.MultiplyAdd(a1, x, s11));
            s12 = L.MultiplyAdd(b2, y, L.MultiplyAdd(a2, x, s12));
            s13 = L.MultiplyAdd(b3, y, L.MultiplyAdd(a3, x, s13));
            (x, y) = TFormat.LoadActivations(x2, i, oddOffset);
            s20 = L.MultiplyAdd(b0, y, L.MultiplyAdd(a0, x, s20));
            s21 = L.MultiplyAdd(b1, y, L.MultiplyAdd(a1, x, s21));
            s22 = L.MultiplyAdd(b2, y, L.MultiplyAdd(a2, x, s22));
            s23 = L.MultiplyAdd(b3, y, L.MultiplyAdd(a3, x, s23));
            (x, y) = TFormat.LoadActivations(x3, i, oddOffset);
            s30 = L.MultiplyAdd(b0, y, L.MultiplyAdd(a0, x, s30));
            s31 = L.MultiplyAdd(b1, y, L.MultiplyAdd(a1, x, s31));
            s32 = L.MultiplyAdd(b2, y, L.MultiplyAdd(a2, x, s32));
            s33 = L.MultiplyAdd(b3, y, L.MultiplyAdd(a3, x, s33));
        }

        Finish<TFormat, TF>(L.Sum(s00), L.Sum(s01), L.Sum(s02), L.Sum(s03), w0, w1, w2, w3, x0, oddOffset, i, width, tile);
        Finish<TFormat, TF>(L.Sum(s10), L.Sum(s11), L.Sum(s12), L.Sum(s13), w0, w1, w2, w3, x1, oddOffset, i, width, tile + 4);
        Finish<TFormat, TF>(L.Sum(s20), L.Sum(s21), L.Sum(s22), L.Sum(s23), w0, w1, w2, w3, x2, oddOffset, i, width, tile + 8);
        Finish<TFormat, TF>(L.Sum(s30), L.Sum(s31), L.Sum(s32), L.Sum(s33), w0, w1, w2, w3, x3, oddOffset, i, width, tile + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<TFormat, L, TF, TI>(byte* w0, byte* w1, byte* w2, byte* w3, float* x0, int oddOffset, int width, float* tile)
        where TFormat : struct, IFormat<TF>
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        // The order of additions is that of Tile4: a row's result does not depend on how many are computed.
        TF s0 = default, s1 = default, s2 = default, s3 = default;
        int i = 0;
        for (; i <= width - (2 * L.Count); i += 2 * L.Count)
        {
            (TF x, TF y) = TFormat.LoadActivations(x0, i, oddOffset);
            (TF a, TF b) = TFormat.LoadWeights(w0, i);
            s0 = L.MultiplyAdd(b, y, L.MultiplyAdd(a, x, s0));
            (a, b) = TFormat.LoadWeights(w1, i);
            s1 = L.MultiplyAdd(b, y, L.MultiplyAdd(a, x, s1));
            (a, b) = TFormat.LoadWeights(w2, i);
            s2 = L.MultiplyAdd(b, y, L.MultiplyAdd(a, x, s2));
            (a, b) = TFormat.LoadWeights(w3, i);
            s3 = L.MultiplyAdd(b, y, L.MultiplyAdd(a, x, s3));
        }

        Finish<TFormat, TF>(L.Sum(s0), L.Sum(s1), L.Sum(s2), L.Sum(s3), w0, w1, w2, w3, x0, oddOffset, i, width, tile);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TFormat, TF>(
        float sum0, float sum1, float sum2, float sum3, byte* w0, byte* w1, byte* w2, byte* w3, float* x, int oddOffset, int i, int width, float* tile)
        where TFormat : struct, IFormat<TF>
        where TF : struct
    {
        for (; i < width; i++)
        {
            float activation = TFormat.Activation(x, i, oddOffset);
            sum0 += TFormat.Weight(w0, i) * activation;
            sum1 += TFormat.Weight(w1, i) * activation;
            sum2 += TFormat.Weight(w2, i) * activation;
            sum3 += TFormat.Weight(w3, i) * activation;
        }

        tile[0] = sum0 * TFormat.ResultScale;
        tile[1] = sum1 * TFormat.ResultScale;
        tile[2] = sum2 * TFormat.ResultScale;
        tile[3] = sum3 * TFormat.ResultScale;
    }

    internal readonly struct SingleFormat<L, TF, TI> : IFormat<TF>
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        public static int ElementBytes => 4;

        public static float ResultScale => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (TF First, TF Second) LoadWeights(byte* row, int element) =>
            (L.Load((float*)row + element), L.Load((float*)row + element + L.Count));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (TF First, TF Second) LoadActivations(float* row, int element, int oddOffset) =>
            (L.Load(row + element), L.Load(row + element + L.Count));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Weight(byte* row, int element) => ((float*)row)[element];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Activation(float* row, int element, int oddOffset) => row[element];
    }

    internal readonly struct HalfFormat<L, TF, TI> : IFormat<TF>
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        public static int ElementBytes => 2;

        public static float ResultScale => HalfResultScale;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (TF First, TF Second) LoadWeights(byte* row, int element)
        {
            TI pairs = L.LoadInt(row + (2L * element));
            return (HalfBits.LowTiny<L, TF, TI>(pairs), HalfBits.HighTiny<L, TF, TI>(pairs));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (TF First, TF Second) LoadActivations(float* row, int element, int oddOffset) =>
            (L.Load(row + (element / 2)), L.Load(row + oddOffset + (element / 2)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Weight(byte* row, int element) => HalfBits.ToSingle(((ushort*)row)[element]) * (1f / HalfBits.Restore);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Activation(float* row, int element, int oddOffset) => row[((element & 1) * oddOffset) + (element / 2)];
    }

    internal readonly struct BFloat16Format<L, TF, TI> : IFormat<TF>
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        public static int ElementBytes => 2;

        public static float ResultScale => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (TF First, TF Second) LoadWeights(byte* row, int element)
        {
            TI pairs = L.LoadInt(row + (2L * element));
            return (L.AsSingle(L.ShiftLeft(pairs, 16)), L.AsSingle(L.And(pairs, L.BroadcastInt(unchecked((int)0xFFFF0000)))));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (TF First, TF Second) LoadActivations(float* row, int element, int oddOffset) =>
            (L.Load(row + (element / 2)), L.Load(row + oddOffset + (element / 2)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Weight(byte* row, int element) => BitConverter.Int32BitsToSingle(((ushort*)row)[element] << 16);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Activation(float* row, int element, int oddOffset) => row[((element & 1) * oddOffset) + (element / 2)];
    }
}
