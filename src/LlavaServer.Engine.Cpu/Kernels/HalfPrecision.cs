using System.Numerics;
using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// IEEE half precision by integer arithmetic on vectors of <see cref="Vector{T}"/> width, because .NET 10 has no conversion instruction for it.
/// Results equal <see cref="Half"/>'s conversions bit for bit (a NaN stays a NaN). Stateless, any thread.
/// </summary>
internal static unsafe class HalfPrecision
{
    private const uint SignBit = 0x8000_0000;
    private const uint ExponentBias = 112u << 23;
    private const uint SmallestNormalHalf = 0x3880_0000;
    private const float LargestHalf = 65504f;

    /// <summary>Half patterns to floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToSingle(ushort* source, float* destination, int count)
    {
        int i = 0;
        int step = Vector<ushort>.Count;
        for (; i <= count - step; i += step)
        {
            Vector.Widen(Vector.Load(source + i), out Vector<uint> low, out Vector<uint> high);
            Expand(low).Store(destination + i);
            Expand(high).Store(destination + i + Vector<float>.Count);
        }

        for (; i < count; i++)
        {
            destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        }
    }

    /// <summary>Scalar twin of <see cref="ToSingle"/>.</summary>
    public static void ToSingleScalar(ushort* source, float* destination, int count)
    {
        for (int i = 0; i < count; i++)
        {
            destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        }
    }

    /// <summary>Bfloat16 patterns (upper halves of floats) to floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BrainToSingle(ushort* source, float* destination, int count)
    {
        int i = 0;
        int step = Vector<ushort>.Count;
        for (; i <= count - step; i += step)
        {
            Vector.Widen(Vector.Load(source + i), out Vector<uint> low, out Vector<uint> high);
            Vector.AsVectorSingle(low << 16).Store(destination + i);
            Vector.AsVectorSingle(high << 16).Store(destination + i + Vector<float>.Count);
        }

        for (; i < count; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }
    }

    /// <summary>Rounds floats in place to the nearest value that half precision holds, ties to even.</summary>
    public static void Round(float* values, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Round(Vector.Load(values + i)).Store(values + i);
        }

        for (; i < count; i++)
        {
            values[i] = (float)(Half)values[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Round(Vector<float> value)
    {
        var bits = Vector.AsVectorUInt32(value);
        var sign = bits & new Vector<uint>(SignBit);
        var magnitude = bits ^ sign;

        // Thirteen bits of the mantissa go; the lowest kept bit makes a tie round to even.
        var rounded = (magnitude + new Vector<uint>(0xfff) + ((magnitude >> 13) & Vector<uint>.One)) & new Vector<uint>(~0x1fffu);
        var large = Vector.AsVectorSingle(rounded);
        large = Vector.ConditionalSelect(Vector.GreaterThan(large, new Vector<float>(LargestHalf)), new Vector<float>(float.PositiveInfinity), large);

        // Below 2^-14 a half has steps of 2^-24, which is the step of floats from 0.5 to 1: adding and taking off 0.5 rounds to it.
        var small = Vector.AsVectorSingle(magnitude) + new Vector<float>(0.5f) - new Vector<float>(0.5f);
        var isSmall = Vector.AsVectorSingle(Vector.LessThan(magnitude, new Vector<uint>(SmallestNormalHalf)));
        var result = Vector.ConditionalSelect(isSmall, small, large);

        var isNan = Vector.AsVectorSingle(Vector.GreaterThan(magnitude, new Vector<uint>(0x7f80_0000)));
        result = Vector.ConditionalSelect(isNan, Vector.AsVectorSingle(magnitude), result);
        return Vector.AsVectorSingle(Vector.AsVectorUInt32(result) | sign);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Expand(Vector<uint> half)
    {
        var magnitude = (half & new Vector<uint>(0x7fff)) << 13;
        var sign = (half & new Vector<uint>(0x8000)) << 16;
        var exponent = magnitude & new Vector<uint>(0x0f80_0000);
        var normal = magnitude + new Vector<uint>(ExponentBias);

        // Infinity and NaN get the rest of the way to the largest exponent; subnormals are renormalised by one exact subtraction.
        normal += Vector.Equals(exponent, new Vector<uint>(0x0f80_0000)) & new Vector<uint>(ExponentBias);
        var subnormal = Vector.AsVectorSingle(normal + new Vector<uint>(1u << 23)) - Vector.AsVectorSingle(new Vector<uint>(SmallestNormalHalf));
        var isSubnormal = Vector.AsVectorSingle(Vector.Equals(exponent, Vector<uint>.Zero));
        var result = Vector.ConditionalSelect(isSubnormal, subnormal, Vector.AsVectorSingle(normal));
        return Vector.AsVectorSingle(Vector.AsVectorUInt32(result) | sign);
    }
}
