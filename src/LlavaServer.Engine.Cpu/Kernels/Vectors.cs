using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>Sums of rows: residual connections and biases.</summary>
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
}
