using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Register tile of the float32 matrix product: 12 rows by 32 columns of C from a packed row group (depth, 12) and a packed column panel
/// (depth, 32), after Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008). 24 accumulators of 512 bits fill the register
/// file of AVX-512; narrower machines walk the same packed data in smaller tiles. Stateless, any thread.
/// </summary>
internal static unsafe class MatMulFloatTile
{
    public const int Rows = 12;
    public const int Columns = 32;

    /// <summary>
    /// Computes C (12, 32) with row stride <paramref name="stride"/> floats as the product, added to what C holds when <paramref name="accumulate"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        Debug.Assert(depth > 0 && stride >= Columns);
        if (Vector512.IsHardwareAccelerated)
        {
            Multiply512(a, b, depth, c, stride, accumulate);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Multiply256(a, b, depth, c, stride, accumulate);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Multiply128(a, b, depth, c, stride, accumulate);
        }
        else
        {
            MultiplyScalar(a, b, depth, c, stride, accumulate);
        }
    }

    public static void MultiplyScalar(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                float sum = 0;
                for (int k = 0; k < depth; k++)
                {
                    sum += a[k * Rows + row] * b[k * Columns + column];
                }

                float* target = c + row * stride + column;
                *target = accumulate ? *target + sum : sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply512(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        Vector512<float> c0L = default, c0R = default;
        Vector512<float> c1L = default, c1R = default;
        Vector512<float> c2L = default, c2R = default;
        Vector512<float> c3L = default, c3R = default;
        Vector512<float> c4L = default, c4R = default;
        Vector512<float> c5L = default, c5R = default;
        Vector512<float> c6L = default, c6R = default;
        Vector512<float> c7L = default, c7R = default;
        Vector512<float> c8L = default, c8R = default;
        Vector512<float> c9L = default, c9R = default;
        Vector512<float> c10L = default, c10R = default;
        Vector512<float> c11L = default, c11R = default;
        for (int k = 0; k < depth; k++)
        {
            var left = Vector512.Load(b);
            var right = Vector512.Load(b + 16);
            var a0 = Vector512.Create(a[0]);
            c0L = Vector512.MultiplyAddEstimate(a0, left, c0L);
            c0R = Vector512.MultiplyAddEstimate(a0, right, c0R);
            var a1 = Vector512.Create(a[1]);
            c1L = Vector512.MultiplyAddEstimate(a1, left, c1L);
            c1R = Vector512.MultiplyAddEstimate(a1, right, c1R);
            var a2 = Vector512.Create(a[2]);
            c2L = Vector512.MultiplyAddEstimate(a2, left, c2L);
            c2R = Vector512.MultiplyAddEstimate(a2, right, c2R);
            var a3 = Vector512.Create(a[3]);
            c3L = Vector512.MultiplyAddEstimate(a3, left, c3L);
            c3R = Vector512.MultiplyAddEstimate(a3, right, c3R);
            var a4 = Vector512.Create(a[4]);
            c4L = Vector512.MultiplyAddEstimate(a4, left, c4L);
            c4R = Vector512.MultiplyAddEstimate(a4, right, c4R);
            var a5 = Vector512.Create(a[5]);
            c5L = Vector512.MultiplyAddEstimate(a5, left, c5L);
            c5R = Vector512.MultiplyAddEstimate(a5, right, c5R);
            var a6 = Vector512.Create(a[6]);
            c6L = Vector512.MultiplyAddEstimate(a6, left, c6L);
            c6R = Vector512.MultiplyAddEstimate(a6, right, c6R);
            var a7 = Vector512.Create(a[7]);
            c7L = Vector512.MultiplyAddEstimate(a7, left, c7L);
            c7R = Vector512.MultiplyAddEstimate(a7, right, c7R);
            var a8 = Vector512.Create(a[8]);
            c8L = Vector512.MultiplyAddEstimate(a8, left, c8L);
            c8R = Vector512.MultiplyAddEstimate(a8, right, c8R);
            var a9 = Vector512.Create(a[9]);
            c9L = Vector512.MultiplyAddEstimate(a9, left, c9L);
            c9R = Vector512.MultiplyAddEstimate(a9, right, c9R);
            var a10 = Vector512.Create(a[10]);
            c10L = Vector512.MultiplyAddEstimate(a10, left, c10L);
            c10R = Vector512.MultiplyAddEstimate(a10, right, c10R);
            var a11 = Vector512.Create(a[11]);
            c11L = Vector512.MultiplyAddEstimate(a11, left, c11L);
            c11R = Vector512.MultiplyAddEstimate(a11, right, c11R);
            a += Rows;
            b += Columns;
        }

        Store512(c + 0 * stride, c0L, c0R, accumulate);
        Store512(c + 1 * stride, c1L, c1R, accumulate);
        Store512(c + 2 * stride, c2L, c2R, accumulate);
        Store512(c + 3 * stride, c3L, c3R, accumulate);
        Store512(c + 4 * stride, c4L, c4R, accumulate);
        Store512(c + 5 * stride, c5L, c5R, accumulate);
        Store512(c + 6 * stride, c6L, c6R, accumulate);
        Store512(c + 7 * stride, c7L, c7R, accumulate);
        Store512(c + 8 * stride, c8L, c8R, accumulate);
        Store512(c + 9 * stride, c9L, c9R, accumulate);
        Store512(c + 10 * stride, c10L, c10R, accumulate);
        Store512(c + 11 * stride, c11L, c11R, accumulate);
    }

    public static void Multiply256(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        for (int column = 0; column < Columns; column += 16)
        {
            for (int row = 0; row < Rows; row += 6)
            {
                SixRows256(a + row, b + column, depth, c + row * stride + column, stride, accumulate);
            }
        }
    }

    public static void Multiply128(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        for (int column = 0; column < Columns; column += 8)
        {
            for (int row = 0; row < Rows; row += 6)
            {
                SixRows128(a + row, b + column, depth, c + row * stride + column, stride, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SixRows256(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        Vector256<float> c0L = default, c0R = default;
        Vector256<float> c1L = default, c1R = default;
        Vector256<float> c2L = default, c2R = default;
        Vector256<float> c3L = default, c3R = default;
        Vector256<float> c4L = default, c4R = default;
        Vector256<float> c5L = default, c5R = default;
        for (int k = 0; k < depth; k++)
        {
            var left = Vector256.Load(b);
            var right = Vector256.Load(b + 8);
            var a0 = Vector256.Create(a[0]);
            c0L = Vector256.MultiplyAddEstimate(a0, left, c0L);
            c0R = Vector256.MultiplyAddEstimate(a0, right, c0R);
            var a1 = Vector256.Create(a[1]);
            c1L = Vector256.MultiplyAddEstimate(a1, left, c1L);
            c1R = Vector256.MultiplyAddEstimate(a1, right, c1R);
            var a2 = Vector256.Create(a[2]);
            c2L = Vector256.MultiplyAddEstimate(a2, left, c2L);
            c2R = Vector256.MultiplyAddEstimate(a2, right, c2R);
            var a3 = Vector256.Create(a[3]);
            c3L = Vector256.MultiplyAddEstimate(a3, left, c3L);
            c3R = Vector256.MultiplyAddEstimate(a3, right, c3R);
            var a4 = Vector256.Create(a[4]);
            c4L = Vector256.MultiplyAddEstimate(a4, left, c4L);
            c4R = Vector256.MultiplyAddEstimate(a4, right, c4R);
            var a5 = Vector256.Create(a[5]);
            c5L = Vector256.MultiplyAddEstimate(a5, left, c5L);
            c5R = Vector256.MultiplyAddEstimate(a5, right, c5R);
            a += Rows;
            b += Columns;
        }

        Store256(c + 0 * stride, c0L, c0R, accumulate);
        Store256(c + 1 * stride, c1L, c1R, accumulate);
        Store256(c + 2 * stride, c2L, c2R, accumulate);
        Store256(c + 3 * stride, c3L, c3R, accumulate);
        Store256(c + 4 * stride, c4L, c4R, accumulate);
        Store256(c + 5 * stride, c5L, c5R, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SixRows128(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        Vector128<float> c0L = default, c0R = default;
        Vector128<float> c1L = default, c1R = default;
        Vector128<float> c2L = default, c2R = default;
        Vector128<float> c3L = default, c3R = default;
        Vector128<float> c4L = default, c4R = default;
        Vector128<float> c5L = default, c5R = default;
        for (int k = 0; k < depth; k++)
        {
            var left = Vector128.Load(b);
            var right = Vector128.Load(b + 4);
            var a0 = Vector128.Create(a[0]);
            c0L = Vector128.MultiplyAddEstimate(a0, left, c0L);
            c0R = Vector128.MultiplyAddEstimate(a0, right, c0R);
            var a1 = Vector128.Create(a[1]);
            c1L = Vector128.MultiplyAddEstimate(a1, left, c1L);
            c1R = Vector128.MultiplyAddEstimate(a1, right, c1R);
            var a2 = Vector128.Create(a[2]);
            c2L = Vector128.MultiplyAddEstimate(a2, left, c2L);
            c2R = Vector128.MultiplyAddEstimate(a2, right, c2R);
            var a3 = Vector128.Create(a[3]);
            c3L = Vector128.MultiplyAddEstimate(a3, left, c3L);
            c3R = Vector128.MultiplyAddEstimate(a3, right, c3R);
            var a4 = Vector128.Create(a[4]);
            c4L = Vector128.MultiplyAddEstimate(a4, left, c4L);
            c4R = Vector128.MultiplyAddEstimate(a4, right, c4R);
            var a5 = Vector128.Create(a[5]);
            c5L = Vector128.MultiplyAddEstimate(a5, left, c5L);
            c5R = Vector128.MultiplyAddEstimate(a5, right, c5R);
            a += Rows;
            b += Columns;
        }

        Store128(c + 0 * stride, c0L, c0R, accumulate);
        Store128(c + 1 * stride, c1L, c1R, accumulate);
        Store128(c + 2 * stride, c2L, c2R, accumulate);
        Store128(c + 3 * stride, c3L, c3R, accumulate);
        Store128(c + 4 * stride, c4L, c4R, accumulate);
        Store128(c + 5 * stride, c5L, c5R, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store512(float* c, Vector512<float> left, Vector512<float> right, bool accumulate)
    {
        if (accumulate)
        {
            left += Vector512.Load(c);
            right += Vector512.Load(c + 16);
        }

        left.Store(c);
        right.Store(c + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store256(float* c, Vector256<float> left, Vector256<float> right, bool accumulate)
    {
        if (accumulate)
        {
            left += Vector256.Load(c);
            right += Vector256.Load(c + 8);
        }

        left.Store(c);
        right.Store(c + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store128(float* c, Vector128<float> left, Vector128<float> right, bool accumulate)
    {
        if (accumulate)
        {
            left += Vector128.Load(c);
            right += Vector128.Load(c + 4);
        }

        left.Store(c);
        right.Store(c + 4);
    }
}
