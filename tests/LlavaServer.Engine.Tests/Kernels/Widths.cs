using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Tests.Kernels;

/// <summary>The register widths that this processor, or this process with instruction sets switched off, computes with.</summary>
internal static class Widths
{
    /// <summary>0 for scalar code, then every width up to the widest.</summary>
    public static int[] Available => [.. new[] { 0, 128, 256, 512 }.Where(width => width <= SimdWidth.Bits)];
}
