using System.Numerics;
using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Layer normalisation (Ba, Kiros and Hinton, 2016) of one row with biased variance, eps inside the root. Stateless, any thread.
/// </summary>
internal static unsafe class LayerNorm
{
    /// <summary>y = (x - mean) / sqrt(variance + eps) · weight + bias; y may be x, bias may be null. All of shape (width).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* x, float* weight, float* bias, float* y, int width, float eps)
    {
        int i = 0;
        var sums = Vector<float>.Zero;
        for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
        {
            sums += Vector.Load(x + i);
        }

        double sum = Vector.Sum(sums);
        for (; i < width; i++)
        {
            sum += x[i];
        }

        float mean = (float)(sum / width);
        var means = new Vector<float>(mean);
        var squares = Vector<float>.Zero;
        for (i = 0; i <= width - Vector<float>.Count; i += Vector<float>.Count)
        {
            var deviation = Vector.Load(x + i) - means;
            squares += deviation * deviation;
        }

        double square = Vector.Sum(squares);
        for (; i < width; i++)
        {
            float deviation = x[i] - mean;
            square += deviation * deviation;
        }

        float scale = (float)(1 / Math.Sqrt(square / width + eps));
        var scales = new Vector<float>(scale);
        for (i = 0; i <= width - Vector<float>.Count; i += Vector<float>.Count)
        {
            var normal = (Vector.Load(x + i) - means) * scales * Vector.Load(weight + i);
            (bias is null ? normal : normal + Vector.Load(bias + i)).Store(y + i);
        }

        for (; i < width; i++)
        {
            float normal = (x[i] - mean) * scale * weight[i];
            y[i] = bias is null ? normal : normal + bias[i];
        }
    }

    /// <summary>Scalar twin of <see cref="Apply"/> with sums in double precision.</summary>
    public static void ApplyScalar(float* x, float* weight, float* bias, float* y, int width, float eps)
    {
        double sum = 0;
        for (int i = 0; i < width; i++)
        {
            sum += x[i];
        }

        double mean = sum / width;
        double square = 0;
        for (int i = 0; i < width; i++)
        {
            square += (x[i] - mean) * (x[i] - mean);
        }

        double scale = 1 / Math.Sqrt(square / width + eps);
        for (int i = 0; i < width; i++)
        {
            y[i] = (float)((x[i] - mean) * scale * weight[i] + (bias is null ? 0 : bias[i]));
        }
    }
}
