using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>The gated activation of the feed-forward block (Shazeer 2020): <c>gate = SiLU(gate) * up</c>.</summary>
internal static unsafe class SwiGlu
{
    public static void Apply(float* gate, float* up, int count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Apply<Lanes512, Vector512<float>, Vector512<int>>(gate, up, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Apply<Lanes256, Vector256<float>, Vector256<int>>(gate, up, count);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Apply<Lanes128, Vector128<float>, Vector128<int>>(gate, up, count);
        }
        else
        {
            Apply<LanesScalar, float, int>(gate, up, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply<L, TF, TI>(float* gate, float* up, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        int i = 0;
        TF one = L.Broadcast(1);
        for (; i <= count - L.Count; i += L.Count)
        {
            TF x = L.Load(gate + i);
            TF sigmoid = L.Divide(x, L.Add(one, L.Exp(L.Subtract(default, x))));
            L.Store(gate + i, L.Multiply(sigmoid, L.Load(up + i)));
        }

        for (; i < count; i++)
        {
            gate[i] = gate[i] / (1f + MathF.Exp(-gate[i])) * up[i];
        }
    }
}
