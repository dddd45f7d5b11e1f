using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Transposition of rows into the groups that <see cref="MatMulFloatTile"/> reads: element k of row r lands at [k · groupWidth + r]. Stateless, any
/// thread.
/// </summary>
internal static unsafe class MatMulFloatPacking
{
    /// <summary>
    /// Packs <paramref name="rows"/> rows (stride in floats) of <paramref name="depth"/> elements into one group of <paramref name="groupWidth"/> rows,
    /// shape (depth, groupWidth). Rows from <paramref name="rows"/> on become zero.
    /// </summary>
    public static void Pack(float* source, nint stride, int rows, int depth, float* destination, int groupWidth)
    {
        int row = 0;
        if (Sse.IsSupported || AdvSimd.Arm64.IsSupported)
        {
            for (; row + 4 <= rows; row += 4)
            {
                int k = PackFourRows(source + row * stride, stride, depth, destination + row, groupWidth);
                PackScalar(source + row * stride + k, stride, 4, depth - k, destination + (nint)k * groupWidth + row, groupWidth);
            }
        }

        PackScalar(source + row * stride, stride, rows - row, depth, destination + row, groupWidth);
        for (row = rows; row < groupWidth; row++)
        {
            for (int k = 0; k < depth; k++)
            {
                destination[(nint)k * groupWidth + row] = 0;
            }
        }
    }

    /// <summary>Scalar twin of the transposition inside <see cref="Pack"/>; leaves other rows of the group as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackScalar(float* source, nint stride, int rows, int depth, float* destination, int groupWidth)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int k = 0; k < depth; k++)
            {
                destination[(nint)k * groupWidth + row] = source[row * stride + k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int PackFourRows(float* source, nint stride, int depth, float* destination, int groupWidth)
    {
        int k = 0;
        for (; k + 4 <= depth; k += 4)
        {
            Transpose(
                Vector128.Load(source + k),
                Vector128.Load(source + stride + k),
                Vector128.Load(source + 2 * stride + k),
                Vector128.Load(source + 3 * stride + k),
                destination + (nint)k * groupWidth,
                groupWidth);
        }

        return k;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, float* destination, int groupWidth)
    {
        Vector128<float> acLow, acHigh, bdLow, bdHigh;
        if (Sse.IsSupported)
        {
            acLow = Sse.UnpackLow(a, c);
            acHigh = Sse.UnpackHigh(a, c);
            bdLow = Sse.UnpackLow(b, d);
            bdHigh = Sse.UnpackHigh(b, d);
            Sse.UnpackLow(acLow, bdLow).Store(destination);
            Sse.UnpackHigh(acLow, bdLow).Store(destination + groupWidth);
            Sse.UnpackLow(acHigh, bdHigh).Store(destination + 2 * groupWidth);
            Sse.UnpackHigh(acHigh, bdHigh).Store(destination + 3 * groupWidth);
            return;
        }

        acLow = AdvSimd.Arm64.ZipLow(a, c);
        acHigh = AdvSimd.Arm64.ZipHigh(a, c);
        bdLow = AdvSimd.Arm64.ZipLow(b, d);
        bdHigh = AdvSimd.Arm64.ZipHigh(b, d);
        AdvSimd.Arm64.ZipLow(acLow, bdLow).Store(destination);
        AdvSimd.Arm64.ZipHigh(acLow, bdLow).Store(destination + groupWidth);
        AdvSimd.Arm64.ZipLow(acHigh, bdHigh).Store(destination + 2 * groupWidth);
        AdvSimd.Arm64.ZipHigh(acHigh, bdHigh).Store(destination + 3 * groupWidth);
    }
}
