using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Simd;

/// <summary>The widest registers that this processor computes with: what the kernels choose at run time.</summary>
internal static class SimdWidth
{
    /// <summary>512, 256, 128, or 0 for scalar code.</summary>
    public static int Bits =>
        Vector512.IsHardwareAccelerated ? 512
        : Vector256.IsHardwareAccelerated ? 256
        : Vector128.IsHardwareAccelerated ? 128
        : 0;
}
