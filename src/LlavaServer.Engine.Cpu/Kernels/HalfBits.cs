using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Half and bfloat16 conversions in integer and float operations of any register width. A finite half's bits, moved to a float's place, are its
/// value times 2^-112, subnormals included; infinities and NaNs of damaged weights become large finite numbers.
/// </summary>
internal static unsafe class HalfBits
{
    /// <summary>2^112: undoes the exponent offset of <see cref="LoadTiny{L,TF,TI}"/>.</summary>
    public const float Restore = 5.192296858534828e33f;

    private const int Mask = unchecked((int)0x8FFFE000);
    private const float Shrink = 1f / Restore;
    private const float LargestHalf = 65504f;
    private const float SmallestNormalHalf = 6.103515625e-5f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToSingle(ushort half) => BitConverter.Int32BitsToSingle(((short)half << 13) & Mask) * Restore;

    /// <summary>Half nearest to a value, ties to even; values beyond the range become the largest half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort FromSingle(float value)
    {
        float rounded = Math.Clamp(Round<LanesScalar, float, int>(value), -LargestHalf, LargestHalf);
        int bits = BitConverter.SingleToInt32Bits(rounded * Shrink);

        // Rounding by addition loses the sign of a zero.
        int sign = (BitConverter.SingleToInt32Bits(value) >> 16) & 0x8000;
        return (ushort)(((bits >> 13) & 0x7FFF) | sign);
    }

    /// <summary>Halves times 2^-112.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TF LoadTiny<L, TF, TI>(ushort* source)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct => L.AsSingle(L.And(L.ShiftLeft(L.LoadShorts((short*)source), 13), L.BroadcastInt(Mask)));

    /// <summary>The low half of each lane times 2^-112.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TF LowTiny<L, TF, TI>(TI pairs)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct =>
        L.AsSingle(L.And(L.ShiftRightArithmetic(L.ShiftLeft(pairs, 16), 3), L.BroadcastInt(Mask)));

    /// <summary>The high half of each lane times 2^-112.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TF HighTiny<L, TF, TI>(TI pairs)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct => L.AsSingle(L.And(L.ShiftRightArithmetic(pairs, 3), L.BroadcastInt(Mask)));

    /// <summary>Rounds to the precision of half, ties to even, by adding and taking off a number whose last place is half's last place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TF Round<L, TF, TI>(TF value)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TF power = L.AsSingle(L.And(L.AsInt(value), L.BroadcastInt(0x7F800000)));
        TF magic = L.Multiply(L.Max(power, L.Broadcast(SmallestNormalHalf)), L.Broadcast(1.5f * 8192f));
        return L.Subtract(L.Add(value, magic), magic);
    }

    /// <summary>Rounds to the precision of bfloat16, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TF RoundToBFloat16<L, TF, TI>(TF value)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TI bits = L.AsInt(value);
        TI odd = L.And(L.ShiftRight(bits, 16), L.BroadcastInt(1));
        TI rounded = L.AddInt(L.AddInt(bits, L.BroadcastInt(0x7FFF)), odd);
        return L.AsSingle(L.And(rounded, L.BroadcastInt(unchecked((int)0xFFFF0000))));
    }
}
