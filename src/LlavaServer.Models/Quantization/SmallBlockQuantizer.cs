using System.Buffers.Binary;

namespace LlavaServer.Models.Quantization;

/// <summary>Quantization of block types with 32 elements: one scale, and for the _1 types the minimum.</summary>
internal static class SmallBlockQuantizer
{
    public static void Q4_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        var inverse = WriteSignedScale(values, block, 8);
        for (var i = 0; i < 16; i++)
        {
            var low = Math.Min(15, (int)(values[i] * inverse + 8.5f));
            var high = Math.Min(15, (int)(values[16 + i] * inverse + 8.5f));
            block[2 + i] = (byte)(low | high << 4);
        }
    }

    public static void Q4_1(ReadOnlySpan<float> values, Span<byte> block)
    {
        var (minimum, inverse) = WriteScaleAndMinimum(values, block, 15);
        for (var i = 0; i < 16; i++)
        {
            var low = Math.Min(15, (int)((values[i] - minimum) * inverse + 0.5f));
            var high = Math.Min(15, (int)((values[16 + i] - minimum) * inverse + 0.5f));
            block[4 + i] = (byte)(low | high << 4);
        }
    }

    public static void Q5_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        var inverse = WriteSignedScale(values, block, 16);
        var bits = 0u;
        for (var i = 0; i < 16; i++)
        {
            var low = (uint)Math.Min(31, (int)(values[i] * inverse + 16.5f));
            var high = (uint)Math.Min(31, (int)(values[16 + i] * inverse + 16.5f));
            block[6 + i] = (byte)((low & 15) | (high & 15) << 4);
            bits |= low >> 4 << i | high >> 4 << (16 + i);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block[2..], bits);
    }

    public static void Q5_1(ReadOnlySpan<float> values, Span<byte> block)
    {
        var (minimum, inverse) = WriteScaleAndMinimum(values, block, 31);
        var bits = 0u;
        for (var i = 0; i < 16; i++)
        {
            var low = (uint)((values[i] - minimum) * inverse + 0.5f);
            var high = (uint)((values[16 + i] - minimum) * inverse + 0.5f);
            block[8 + i] = (byte)((low & 15) | (high & 15) << 4);
            bits |= (low >> 4 & 1) << i | (high >> 4 & 1) << (16 + i);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], bits);
    }

    public static void Q8_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        var largest = 0f;
        foreach (var value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        var scale = largest / 127;
        var inverse = scale != 0 ? 1 / scale : 0;
        WriteHalf(block, scale);
        for (var i = 0; i < 32; i++)
        {
            block[2 + i] = (byte)(sbyte)(int)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    public static void WriteHalf(Span<byte> destination, float value) => BinaryPrimitives.WriteHalfLittleEndian(destination, (Half)value);

    /// <summary>The element of largest magnitude, with its sign, becomes -steps; returns 1/scale.</summary>
    private static float WriteSignedScale(ReadOnlySpan<float> values, Span<byte> block, int steps)
    {
        var (magnitude, extreme) = (0f, 0f);
        foreach (var value in values)
        {
            if (magnitude < Math.Abs(value))
            {
                (magnitude, extreme) = (Math.Abs(value), value);
            }
        }

        var scale = extreme / -steps;
        WriteHalf(block, scale);
        return scale != 0 ? 1 / scale : 0;
    }

    private static (float Minimum, float Inverse) WriteScaleAndMinimum(ReadOnlySpan<float> values, Span<byte> block, int steps)
    {
        var (minimum, maximum) = (float.MaxValue, float.MinValue);
        foreach (var value in values)
        {
            minimum = value < minimum ? value : minimum;
            maximum = value > maximum ? value : maximum;
        }

        var scale = (maximum - minimum) / steps;
        WriteHalf(block, scale);
        WriteHalf(block[2..], minimum);
        return (minimum, scale != 0 ? 1 / scale : 0);
    }
}
