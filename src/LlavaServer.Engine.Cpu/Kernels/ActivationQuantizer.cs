using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Quantizes activation rows exactly as llama.cpp's quantize_row_q8_0, _q8_1 and _q8_K do on x86 (ties to even, scale of Q8_0 rounded to half).
/// </summary>
internal static unsafe class ActivationQuantizer
{
    public static void Quantize(ActivationForms form, float* source, int width, QuantizedRows rows, int row)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Quantize<Lanes512, Vector512<float>, Vector512<int>>(form, source, width, rows, row);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Quantize<Lanes256, Vector256<float>, Vector256<int>>(form, source, width, rows, row);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Quantize<Lanes128, Vector128<float>, Vector128<int>>(form, source, width, rows, row);
        }
        else
        {
            Quantize<LanesScalar, float, int>(form, source, width, rows, row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quantize<L, TF, TI>(ActivationForms form, float* source, int width, QuantizedRows rows, int row)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        long offset = (long)row * rows.Stride;
        sbyte* bytes = rows.Bytes + offset;
        short* shorts = rows.Shorts + offset;
        float* scales = rows.Scales + (offset / 32);
        int* blockSums = rows.BlockSums + (offset / 32);
        int* groupSums = rows.GroupSums + (offset / 16);
        float* scaledSums = rows.ScaledSums + (offset / 16);
        int blockWidth = form == ActivationForms.Q8_K ? 256 : 32;
        for (int start = 0; start < width; start += blockWidth)
        {
            float inverse;
            float scale;
            if (form == ActivationForms.Q8_K)
            {
                float extreme = SignedExtreme<L, TF, TI>(source + start, 256);
                inverse = extreme == 0 ? 0 : -127f / extreme;
                scale = extreme == 0 ? 0 : 1f / inverse;
            }
            else
            {
                float largest = Largest<L, TF, TI>(source + start, 32);
                inverse = largest == 0 ? 0 : 127f / largest;
                scale = largest / 127f;
            }

            for (int block = start / 32; block < (start + blockWidth) / 32; block++)
            {
                int low = Convert<L, TF, TI>(source + (32 * block), inverse, bytes + (32 * block), shorts + (32 * block));
                int high = Convert<L, TF, TI>(source + (32 * block) + 16, inverse, bytes + (32 * block) + 16, shorts + (32 * block) + 16);
                groupSums[2 * block] = low;
                groupSums[(2 * block) + 1] = high;
                blockSums[block] = low + high;
                if (form == ActivationForms.Q8_K)
                {
                    scales[block] = scale;
                    scaledSums[2 * block] = scale * low;
                    scaledSums[(2 * block) + 1] = scale * high;
                }
                else
                {
                    // Q8_1 keeps one rounded sum for the block: the second half's share is in the first.
                    scales[block] = HalfBits.ToSingle(HalfBits.FromSingle(scale));
                    scaledSums[2 * block] = HalfBits.ToSingle(HalfBits.FromSingle(scale * (low + high)));
                    scaledSums[(2 * block) + 1] = 0;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest<L, TF, TI>(float* source, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TF largest = L.Abs(L.Load(source));
        for (int i = L.Count; i < count; i += L.Count)
        {
            largest = L.Max(largest, L.Abs(L.Load(source + i)));
        }

        return L.MaxAcross(largest);
    }

    /// <summary>The element of largest magnitude with its sign, the first of several.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SignedExtreme<L, TF, TI>(float* source, int count)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        float largest = Largest<L, TF, TI>(source, count);
        for (int i = 0; i < count; i++)
        {
            if (MathF.Abs(source[i]) == largest)
            {
                return source[i];
            }
        }

        return 0;
    }

    /// <summary>Quantizes 16 elements and returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Convert<L, TF, TI>(float* source, float inverse, sbyte* bytes, short* shorts)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        TF factor = L.Broadcast(inverse);
        TI sum = L.BroadcastInt(0);
        for (int i = 0; i < 16; i += L.Count)
        {
            TI quantized = L.ToInt(L.Round(L.Multiply(L.Load(source + i), factor)));
            L.StoreSBytes(bytes + i, quantized);
            L.StoreShorts(shorts + i, quantized);
            sum = L.AddInt(sum, quantized);
        }

        return L.SumInt(sum);
    }
}
