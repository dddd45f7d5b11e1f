namespace LlavaServer.Models.Gguf;

/// <summary>
/// Block geometry and names of tensor types, as in llama.cpp's ggml-common.h. Removed or unknown type ids are not <see cref="IsKnown"/>.
/// </summary>
public static class TensorTypes
{
    /// <summary>Whether the type has a block layout, so that sizes can be computed.</summary>
    public static bool IsKnown(TensorType type) => Layout(type).Bytes != 0;

    /// <summary>Elements of one block: 1, 32, 64, 128 or 256.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not known.</exception>
    public static int BlockElements(TensorType type) => Known(type).Elements;

    /// <summary>Bytes of one block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not known.</exception>
    public static int BlockBytes(TensorType type) => Known(type).Bytes;

    /// <summary>Bytes of a row of <paramref name="elements"/>, which must be a multiple of the block.</summary>
    public static long RowBytes(TensorType type, long elements)
    {
        var (blockElements, blockBytes) = Known(type);
        if (elements < 0 || elements % blockElements != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(elements), elements, $"not a multiple of the block of {blockElements}");
        }

        return checked(elements / blockElements * blockBytes);
    }

    /// <summary>The type's name in upper case, as in GGUF ("Q4_K"); "type 37" for an id without a name.</summary>
    public static string Name(TensorType type) => Enum.GetName(type) ?? $"type {(int)type}";

    private static (int Elements, int Bytes) Known(TensorType type)
    {
        var layout = Layout(type);
        return layout.Bytes != 0 ? layout : throw new ArgumentOutOfRangeException(nameof(type), type, "tensor type has no block layout");
    }

    private static (int Elements, int Bytes) Layout(TensorType type) => type switch
    {
        TensorType.F32 or TensorType.I32 => (1, 4),
        TensorType.F16 or TensorType.BF16 or TensorType.I16 => (1, 2),
        TensorType.I8 => (1, 1),
        TensorType.I64 or TensorType.F64 => (1, 8),
        TensorType.Q4_0 or TensorType.IQ4_NL => (32, 18),
        TensorType.Q4_1 => (32, 20),
        TensorType.Q5_0 => (32, 22),
        TensorType.Q5_1 => (32, 24),
        TensorType.Q8_0 => (32, 34),
        TensorType.Q8_1 => (32, 36),
        TensorType.Q2_K => (256, 84),
        TensorType.Q3_K or TensorType.IQ3_S => (256, 110),
        TensorType.Q4_K => (256, 144),
        TensorType.Q5_K => (256, 176),
        TensorType.Q6_K => (256, 210),
        TensorType.Q8_K => (256, 292),
        TensorType.IQ2_XXS or TensorType.TQ2_0 => (256, 66),
        TensorType.IQ2_XS => (256, 74),
        TensorType.IQ2_S => (256, 82),
        TensorType.IQ3_XXS => (256, 98),
        TensorType.IQ1_S => (256, 50),
        TensorType.IQ1_M => (256, 56),
        TensorType.IQ4_XS => (256, 136),
        TensorType.TQ1_0 => (256, 54),
        TensorType.MXFP4 => (32, 17),
        TensorType.NVFP4 => (64, 36),
        TensorType.Q1_0 => (128, 18),
        TensorType.Q2_0 => (64, 18),
        _ => (0, 0),
    };
}
