using System.Diagnostics;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Rounds activation rows to the values that llama.cpp's integer products see (ggml-cpu/quants.c), so that float products give its results up to the
/// order of additions. For parity profiles only, so scalar but for half precision. Stateless, any thread.
/// </summary>
internal static unsafe class ActivationRounder
{
    /// <summary>Partner of a weight type.</summary>
    public static ActivationRounding For(TensorType weight) => weight switch
    {
        TensorType.F32 => ActivationRounding.None,
        TensorType.F16 => ActivationRounding.Half,
        TensorType.BF16 => ActivationRounding.Brain,
        _ => TensorTypes.BlockElements(weight) == 256 ? ActivationRounding.Q8_K : ActivationRounding.Q8_0,
    };

    /// <summary>Rounds a row in place; for block forms its length is a multiple of the block.</summary>
    public static void Round(ActivationRounding rounding, float* row, int count)
    {
        switch (rounding)
        {
            case ActivationRounding.None:
                break;
            case ActivationRounding.Half:
                HalfPrecision.Round(row, count);
                break;
            case ActivationRounding.Brain:
                for (int i = 0; i < count; i++)
                {
                    uint bits = BitConverter.SingleToUInt32Bits(row[i]);
                    row[i] = BitConverter.UInt32BitsToSingle((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
                }

                break;
            case ActivationRounding.Q8_0:
                for (int i = 0; i < count; i += 32)
                {
                    float largest = MathF.Abs(SignedMaximum(row + i, 32));
                    Quantize(row + i, 32, largest == 0 ? 0 : 127 / largest, (float)(Half)(largest / 127));
                }

                break;
            case ActivationRounding.Q8_K:
                for (int i = 0; i < count; i += 256)
                {
                    float largest = SignedMaximum(row + i, 256);
                    float inverse = largest == 0 ? 0 : -127 / largest;
                    Quantize(row + i, 256, inverse, largest == 0 ? 0 : 1 / inverse);
                }

                break;
            default:
                throw new UnreachableException();
        }
    }

    private static float SignedMaximum(float* values, int count)
    {
        float largest = 0;
        for (int i = 0; i < count; i++)
        {
            largest = MathF.Abs(values[i]) > MathF.Abs(largest) ? values[i] : largest;
        }

        return largest;
    }

    private static void Quantize(float* values, int count, float inverse, float scale)
    {
        for (int i = 0; i < count; i++)
        {
            values[i] = Math.Min(127, MathF.Round(values[i] * inverse)) * scale;
        }
    }
}
