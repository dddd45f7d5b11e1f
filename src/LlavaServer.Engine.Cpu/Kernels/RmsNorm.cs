using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Root mean square normalisation (Zhang and Sennrich 2019), <c>(x * scale) * weight</c> in that order, with llama.cpp's precision: squares in single,
/// their sum in double.
/// </summary>
internal static unsafe class RmsNorm
{
    public static void Normalize(float* input, float* weight, int width, float epsilon, float* output)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Normalize<Lanes512, Vector512<float>, Vector512<int>>(input, weight, width, epsilon, output);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Normalize<Lanes256, Vector256<float>, Vector256<int>>(input, weight, width, epsilon, output);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Normalize<Lanes128, Vector128<float>, Vector128<int>>(input, weight, width, epsilon, output);
        }
        else
        {
            Normalize<LanesScalar, float, int>(input, weight, width, epsilon, output);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalize<L, TF, TI>(float* input, float* weight, int width, float epsilon, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        float mean = (float)(SumOfSquares(input, width) / width);
        float scale = 1f / MathF.Sqrt(mean + epsilon);
        TF factor = L.Broadcast(scale);
        int i = 0;
        for (; i <= width - L.Count; i += L.Count)
        {
            L.Store(output + i, L.Multiply(L.Multiply(L.Load(input + i), factor), L.Load(weight + i)));
        }

        for (; i < width; i++)
        {
            output[i] = input[i] * scale * weight[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double SumOfSquares(float* input, int width)
    {
        double sum = 0;
        int i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<double> lower = default, upper = default;
            for (; i <= width - 8; i += 8)
            {
                Vector256<float> x = Vector256.Load(input + i);
                Vector256<float> square = x * x;
                lower += Vector256.WidenLower(square);
                upper += Vector256.WidenUpper(square);
            }

            sum = Vector256.Sum(lower + upper);
        }

        for (; i < width; i++)
        {
            sum += input[i] * input[i];
        }

        return sum;
    }
}
