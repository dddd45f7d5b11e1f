using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>Moves bit 2n or 2n + 1 of every byte to bit 4; the other bits are the caller's to clear.</summary>
internal static class FifthBit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TI Low<L, TF, TI>(TI bits, int n)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct => n switch
        {
            0 => L.ShiftLeft(bits, 4),
            1 => L.ShiftLeft(bits, 2),
            2 => bits,
            _ => L.ShiftRight(bits, 2),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TI High<L, TF, TI>(TI bits, int n)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct => n switch
        {
            0 => L.ShiftLeft(bits, 3),
            1 => L.ShiftLeft(bits, 1),
            2 => L.ShiftRight(bits, 1),
            _ => L.ShiftRight(bits, 3),
        };
}
