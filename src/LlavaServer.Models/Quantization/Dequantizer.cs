using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// Expands stored weights to floats by the definition of each block type (ggml-common.h), one block after the other: the slow and certain twin of the
/// engine's kernels. Stateless, any thread.
/// </summary>
public static unsafe class Dequantizer
{
    private delegate void BlockExpander(ReadOnlySpan<byte> block, Span<float> values);

    /// <summary>Whether <see cref="ToFloat"/> knows the type: F32, F16, BF16 and twelve block types.</summary>
    public static bool Supports(TensorType type) =>
        type is TensorType.F32 or TensorType.F16 or TensorType.BF16 || FindExpander(type) is not null;

    /// <summary>Expands as many elements as <paramref name="destination"/> holds, beginning at <paramref name="source"/>.</summary>
    /// <param name="type">Storage type of the source.</param>
    /// <param name="source">First block; the caller keeps the memory alive and long enough.</param>
    /// <param name="destination">Receives the values; its length is a multiple of the type's block.</param>
    /// <exception cref="GgufException">The type is not supported.</exception>
    public static void ToFloat(TensorType type, nint source, Span<float> destination)
    {
        switch (type)
        {
            case TensorType.F32:
                new ReadOnlySpan<float>((float*)source, destination.Length).CopyTo(destination);
                break;
            case TensorType.F16:
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)((Half*)source)[i];
                }

                break;
            case TensorType.BF16:
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)((ushort*)source)[i] << 16);
                }

                break;
            default:
                Expand(type, (byte*)source, destination);
                break;
        }
    }

    private static void Expand(TensorType type, byte* source, Span<float> destination)
    {
        var expander = FindExpander(type) ?? throw new GgufException($"tensor type {TensorTypes.Name(type)} is not supported");
        var elements = TensorTypes.BlockElements(type);
        var bytes = TensorTypes.BlockBytes(type);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length % elements, 0, nameof(destination));
        for (var i = 0; i < destination.Length; i += elements, source += bytes)
        {
            expander(new ReadOnlySpan<byte>(source, bytes), destination.Slice(i, elements));
        }
    }

    private static BlockExpander? FindExpander(TensorType type) => type switch
    {
        TensorType.Q4_0 => SmallBlocks.ExpandQ4_0,
        TensorType.Q4_1 => SmallBlocks.ExpandQ4_1,
        TensorType.Q5_0 => SmallBlocks.ExpandQ5_0,
        TensorType.Q5_1 => SmallBlocks.ExpandQ5_1,
        TensorType.Q8_0 => SmallBlocks.ExpandQ8_0,
        TensorType.IQ4_NL => SmallBlocks.ExpandIQ4_NL,
        TensorType.Q2_K => SuperBlocks.ExpandQ2_K,
        TensorType.Q3_K => SuperBlocks.ExpandQ3_K,
        TensorType.Q4_K => SuperBlocks.ExpandQ4_K,
        TensorType.Q5_K => SuperBlocks.ExpandQ5_K,
        TensorType.Q6_K => SuperBlocks.ExpandQ6_K,
        TensorType.IQ4_XS => SuperBlocks.ExpandIQ4_XS,
        _ => null,
    };
}
