using System.Runtime.InteropServices;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// Stores floats in a weight format with the same rounding and the same scale search as llama.cpp's reference quantizers (ggml-quants.c, without an
/// importance matrix), so that the bytes are equal. Stateless, any thread.
/// </summary>
public static class Quantizer
{
    private delegate void BlockQuantizer(ReadOnlySpan<float> values, Span<byte> block);

    /// <summary>Whether <see cref="FromFloat"/> knows the type.</summary>
    public static bool Supports(TensorType type) =>
        type is TensorType.F32 or TensorType.F16 or TensorType.BF16 || FindQuantizer(type) is not null;

    /// <summary>Quantizes whole blocks.</summary>
    /// <param name="type">Storage type of the destination.</param>
    /// <param name="values">A multiple of the type's block; finite.</param>
    /// <param name="destination">Exactly the bytes that the values need.</param>
    /// <exception cref="GgufException">The type is not supported.</exception>
    public static void FromFloat(TensorType type, ReadOnlySpan<float> values, Span<byte> destination)
    {
        if (!Supports(type))
        {
            throw new GgufException($"tensor type {TensorTypes.Name(type)} is not supported");
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, TensorTypes.RowBytes(type, values.Length), nameof(destination));
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(destination);
                break;
            case TensorType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(destination);
                for (var i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }

                break;
            case TensorType.BF16:
                var patterns = MemoryMarshal.Cast<byte, ushort>(destination);
                for (var i = 0; i < values.Length; i++)
                {
                    patterns[i] = ToBrainFloat(values[i]);
                }

                break;
            default:
                QuantizeBlocks(type, values, destination);
                break;
        }
    }

    private static void QuantizeBlocks(TensorType type, ReadOnlySpan<float> values, Span<byte> destination)
    {
        var quantizer = FindQuantizer(type)!;
        var elements = TensorTypes.BlockElements(type);
        var bytes = TensorTypes.BlockBytes(type);
        for (var block = 0; block < values.Length / elements; block++)
        {
            quantizer(values.Slice(block * elements, elements), destination.Slice(block * bytes, bytes));
        }
    }

    /// <summary>The upper half of the pattern, rounded to nearest even; a NaN stays one.</summary>
    private static ushort ToBrainFloat(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 64) : (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }

    private static BlockQuantizer? FindQuantizer(TensorType type) => type switch
    {
        TensorType.Q4_0 => SmallBlockQuantizer.Q4_0,
        TensorType.Q4_1 => SmallBlockQuantizer.Q4_1,
        TensorType.Q5_0 => SmallBlockQuantizer.Q5_0,
        TensorType.Q5_1 => SmallBlockQuantizer.Q5_1,
        TensorType.Q8_0 => SmallBlockQuantizer.Q8_0,
        TensorType.Q2_K => SuperBlockQuantizer.Q2_K,
        TensorType.Q3_K => SuperBlockQuantizer.Q3_K,
        TensorType.Q4_K => SuperBlockQuantizer.Q4_K,
        TensorType.Q5_K => SuperBlockQuantizer.Q5_K,
        TensorType.Q6_K => SuperBlockQuantizer.Q6_K,
        TensorType.IQ4_NL => CodebookQuantizer.IQ4_NL,
        TensorType.IQ4_XS => CodebookQuantizer.IQ4_XS,
        _ => null,
    };
}
