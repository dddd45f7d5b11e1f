using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>Bit fields that several block types share.</summary>
internal static unsafe class BlockBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(byte* source) => HalfBits.ToSingle(Unsafe.ReadUnaligned<ushort>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LowNibbles(byte* source) => Vector128.Load(source) & Vector128.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> HighNibbles(byte* source) => Vector128.Load(source) >>> 4;

    /// <summary>Stores 16 unsigned numbers less an offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(short* destination, Vector128<byte> values, short offset)
    {
        (Vector128<ushort> lower, Vector128<ushort> upper) = Vector128.Widen(values);
        (lower.AsInt16() - Vector128.Create(offset)).Store(destination);
        (upper.AsInt16() - Vector128.Create(offset)).Store(destination + 8);
    }

    /// <summary>Stores 16 signed numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(short* destination, Vector128<sbyte> values)
    {
        (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(values);
        lower.Store(destination);
        upper.Store(destination + 8);
    }

    /// <summary>16 for every set bit of a word, bit i in byte i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> FifthBits(uint bits)
    {
        Vector128<byte> spread = Vector128.Shuffle(
            Vector128.CreateScalar(bits).AsByte(), Vector128.Create(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, (byte)1));
        Vector128<byte> place = Vector128.Create(0x8040201008040201UL).AsByte();
        return Vector128.Equals(spread & place, place) & Vector128.Create((byte)16);
    }

    /// <summary>Scale and minimum of group <paramref name="group"/> (0 to 7) from the 12 bytes of Q4_K and Q5_K, 6 bits each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Scale, int Minimum) SixBitPair(byte* scales, int group) => group < 4
        ? (scales[group] & 63, scales[group + 4] & 63)
        : ((scales[group + 4] & 15) | ((scales[group - 4] >> 6) << 4), (scales[group + 4] >> 4) | ((scales[group] >> 6) << 4));
}
