using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// GELU and its relatives (Hendrycks and Gimpel, 2016), in place on vectors of <see cref="Vector{T}"/> width with a scalar twin in double
/// precision. Stateless, any thread.
/// </summary>
internal static unsafe class Gelu
{
    private const float TanhFactor = 0.79788456080286535588f;
    private const float TanhCubic = 0.044715f;
    private const float QuickFactor = 1.702f;

    /// <summary>Applies <paramref name="activation"/> to <paramref name="count"/> values.</summary>
    public static void Apply(VisionActivation activation, float* values, int count)
    {
        switch (activation)
        {
            case VisionActivation.None:
                break;
            case VisionActivation.QuickGelu:
                Map<QuickOperator>(values, count);
                break;
            case VisionActivation.GeluErf:
                Map<ErfOperator>(values, count);
                break;
            case VisionActivation.GeluTanh:
                Map<TanhOperator>(values, count);
                break;
            case VisionActivation.Silu:
                Map<SiluOperator>(values, count);
                break;
            case VisionActivation.QuickGeluHalf:
                Map<QuickHalfOperator>(values, count);
                break;
            case VisionActivation.GeluTanhHalf:
                Map<TanhHalfOperator>(values, count);
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>Scalar twin of <see cref="Apply"/> in double precision, for one value.</summary>
    public static float Scalar(VisionActivation activation, float value)
    {
        double x = value;
        return activation switch
        {
            VisionActivation.None => value,
            VisionActivation.QuickGelu => (float)(x / (1 + Math.Exp(-1.702 * x))),
            VisionActivation.GeluErf => (float)(x * NormalDistribution(x)),
            VisionActivation.GeluTanh => (float)(0.5 * x * (1 + Math.Tanh(TanhFactor * x * (1 + TanhCubic * x * x)))),
            VisionActivation.Silu => (float)(x / (1 + Math.Exp(-x))),
            VisionActivation.QuickGeluHalf => (float)(Half)Scalar(VisionActivation.QuickGelu, (float)(Half)value),
            VisionActivation.GeluTanhHalf when value <= -10 => 0,
            VisionActivation.GeluTanhHalf when value >= 10 => value,
            VisionActivation.GeluTanhHalf => (float)(Half)Scalar(VisionActivation.GeluTanh, (float)(Half)value),
            _ => throw new UnreachableException(),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TOperator>(float* values, int count)
        where TOperator : IOperator
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            TOperator.Invoke(Vector.Load(values + i)).Store(values + i);
        }

        if (i < count)
        {
            float* rest = stackalloc float[Vector<float>.Count];
            new Span<float>(values + i, count - i).CopyTo(new Span<float>(rest, Vector<float>.Count));
            TOperator.Invoke(Vector.Load(rest)).Store(rest);
            new Span<float>(rest, count - i).CopyTo(new Span<float>(values + i, count - i));
        }
    }

    private interface IOperator
    {
        static abstract Vector<float> Invoke(Vector<float> x);
    }

    private readonly struct QuickOperator : IOperator
    {
        public static Vector<float> Invoke(Vector<float> x) => TimesSigmoid(x, x * QuickFactor);
    }

    private readonly struct SiluOperator : IOperator
    {
        public static Vector<float> Invoke(Vector<float> x) => TimesSigmoid(x, x);
    }

    private readonly struct TanhOperator : IOperator
    {
        // (1 + tanh u) / 2 = sigmoid(2u)
        public static Vector<float> Invoke(Vector<float> x) => TimesSigmoid(x, 2 * TanhFactor * x * (Vector<float>.One + TanhCubic * x * x));
    }

    private readonly struct QuickHalfOperator : IOperator
    {
        public static Vector<float> Invoke(Vector<float> x) => HalfPrecision.Round(QuickOperator.Invoke(HalfPrecision.Round(x)));
    }

    private readonly struct TanhHalfOperator : IOperator
    {
        public static Vector<float> Invoke(Vector<float> x)
        {
            var y = HalfPrecision.Round(TanhOperator.Invoke(HalfPrecision.Round(x)));
            y = Vector.ConditionalSelect(Vector.GreaterThanOrEqual(x, new Vector<float>(10)), x, y);
            return Vector.ConditionalSelect(Vector.LessThanOrEqual(x, new Vector<float>(-10)), Vector<float>.Zero, y);
        }
    }

    private readonly struct ErfOperator : IOperator
    {
        public static Vector<float> Invoke(Vector<float> x)
        {
            var z = Vector.Abs(x) * 0.70710678118654752440f;
            var tail = 0.5f * ErrorComplement(z);
            return x * Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, Vector<float>.One - tail);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> TimesSigmoid(Vector<float> x, Vector<float> argument) => x / (Vector<float>.One + Vector.Exp(-argument));

    /// <summary>erfc(z) for z ≥ 0 with an absolute error below 2e-7: Abramowitz and Stegun, 7.1.26.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> ErrorComplement(Vector<float> z)
    {
        var t = Vector<float>.One / (Vector<float>.One + 0.3275911f * z);
        var sum = new Vector<float>(1.061405429f);
        sum = sum * t + new Vector<float>(-1.453152027f);
        sum = sum * t + new Vector<float>(1.421413741f);
        sum = sum * t + new Vector<float>(-0.284496736f);
        sum = sum * t + new Vector<float>(0.254829592f);
        return sum * t * Vector.Exp(-z * z);
    }

    /// <summary>Φ(x) by its Taylor series near zero and by Laplace's continued fraction in the tails, to double precision.</summary>
    private static double NormalDistribution(double x)
    {
        double density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        double magnitude = Math.Abs(x);
        if (magnitude < 5)
        {
            double term = x;
            double sum = x;
            for (int n = 1; n < 200 && Math.Abs(term) > 1e-18; n++)
            {
                term *= x * x / (2 * n + 1);
                sum += term;
            }

            return 0.5 + density * sum;
        }

        double fraction = 0;
        for (int n = 60; n > 0; n--)
        {
            fraction = n / (magnitude + fraction);
        }

        double tail = density / (magnitude + fraction);
        return x < 0 ? tail : 1 - tail;
    }
}
