using System.Runtime.InteropServices;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// Whether stored weights are numbers: the check that llama-quantize makes of what it wrote (<c>ggml_validate_row_data</c>). Of block types the scales are
/// looked at, which are the only halves in them. Stateless, any thread.
/// </summary>
internal static class BlockCheck
{
    /// <summary>Whether all of them are finite. Types that no recipe writes are not looked at.</summary>
    public static bool AreFinite(TensorType type, ReadOnlySpan<byte> stored)
    {
        switch (type)
        {
            case TensorType.F32:
                foreach (var value in MemoryMarshal.Cast<byte, float>(stored))
                {
                    if (!float.IsFinite(value))
                    {
                        return false;
                    }
                }

                return true;
            case TensorType.F16:
                return AreFinite(stored, 2, 0, 1, 0x7C00);
            case TensorType.BF16:
                return AreFinite(stored, 2, 0, 1, 0x7F80);
            default:
                var (offset, count) = Scales(type);
                return AreFinite(stored, TensorTypes.BlockBytes(type), offset, count, 0x7C00);
        }
    }

    // A number whose exponent bits are all set is an infinity or none.
    private static bool AreFinite(ReadOnlySpan<byte> stored, int stride, int offset, int count, int exponent)
    {
        for (var block = 0; block < stored.Length; block += stride)
        {
            foreach (var half in MemoryMarshal.Cast<byte, ushort>(stored.Slice(block + offset, 2 * count)))
            {
                if ((half & exponent) == exponent)
                {
                    return false;
                }
            }
        }

        return true;
    }

    // Where in a block the halves are (ggml-common.h).
    private static (int Offset, int Count) Scales(TensorType type) => type switch
    {
        TensorType.Q4_0 or TensorType.Q5_0 or TensorType.Q8_0 or TensorType.IQ4_NL or TensorType.IQ4_XS => (0, 1),
        TensorType.Q4_1 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K => (0, 2),
        TensorType.Q2_K => (80, 2),
        TensorType.Q3_K => (108, 1),
        TensorType.Q6_K => (208, 1),
        _ => (0, 0),
    };
}
