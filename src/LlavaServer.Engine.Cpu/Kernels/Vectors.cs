using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>Sums and products of rows: residual connections, biases and adapters.</summary>
internal static unsafe class Vectors
{
    public static void Add(float* target, float* addend, int count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Add<Lanes512, Vector512<float>, Vector512<int>>(target, addend, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Add<Lanes256, Vector256<float>, Vector256<int>>(target, addend, count);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Add<Lanes128, Vector128<float>, Vector128<int>>(target, addend, count);
        }
        else
        {
            Add<LanesScalar, float, int>(target, addend, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<L, TF, TI>(float* target, float* addend, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int i = 0;
        for (; i <= count - L.Count; i += L.Count)
        {
            L.Store(target + i, L.Add(L.Load(target + i), L.Load(addend + i)));
        }

        for (; i < count; i++)
        {
            target[i] += addend[i];
        }
    }

    /// <summary><c>target += addend * factor</c>.</summary>
    public static void AddScaled(float* target, float* addend, float factor, int count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            AddScaled<Lanes512, Vector512<float>, Vector512<int>>(target, addend, factor, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            AddScaled<Lanes256, Vector256<float>, Vector256<int>>(target, addend, factor, count);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            AddScaled<Lanes128, Vector128<float>, Vector128<int>>(target, addend, factor, count);
        }
        else
        {
            AddScaled<LanesScalar, float, int>(target, addend, factor, count);
        }
    }

    public static float Dot(float* left, float* right, int count) =>
        Vector512.IsHardwareAccelerated ? Dot<Lanes512, Vector512<float>, Vector512<int>>(left, right, count)
        : Vector256.IsHardwareAccelerated ? Dot<Lanes256, Vector256<float>, Vector256<int>>(left, right, count)
        : Vector128.IsHardwareAccelerated ? Dot<Lanes128, Vector128<float>, Vector128<int>>(left, right, count)
        : Dot<LanesScalar, float, int>(left, right, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled<L, TF, TI>(float* target, float* addend, float factor, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TF factors = L.Broadcast(factor);
        int i = 0;
        for (; i <= count - L.Count; i += L.Count)
        {
            L.Store(target + i, L.MultiplyAdd(L.Load(addend + i), factors, L.Load(target + i)));
        }

        for (; i < count; i++)
        {
            target[i] += addend[i] * factor;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot<L, TF, TI>(float* left, float* right, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        // Two sums: one would wait for itself.
        TF even = L.Broadcast(0);
        TF odd = even;
        int i = 0;
        for (; i <= count - (2 * L.Count); i += 2 * L.Count)
        {
            even = L.MultiplyAdd(L.Load(left + i), L.Load(right + i), even);
            odd = L.MultiplyAdd(L.Load(left + i + L.Count), L.Load(right + i + L.Count), odd);
        }

        float sum = L.Sum(L.Add(even, odd));
        for (; i < count; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
