using System.Numerics;
using System.Runtime.InteropServices;
using LlavaServer.Training.Network;
using static TorchSharp.torch;

namespace LlavaServer.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) with clipping by the global gradient norm, over the weights' memory.
/// The update is our own: the library's step hands short-lived Scalars to native code and fails now and then.
/// </summary>
public sealed class AdamW
{
    private readonly Dictionary<string, float[]> _first = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> _second = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _steps = new(StringComparer.Ordinal);

    public float Beta1 { get; init; } = 0.9f;
    public float Beta2 { get; init; } = 0.97f;
    public float Epsilon { get; init; } = 1e-8f;
    public float WeightDecay { get; init; } = 0.02f;
    public float MaxNorm { get; init; } = 1f;

    /// <summary>Moments by weight name, for checkpoints.</summary>
    public IReadOnlyDictionary<string, float[]> First => _first;
    public IReadOnlyDictionary<string, float[]> Second => _second;
    public IReadOnlyDictionary<string, long> Steps => _steps;

    public void Restore(string name, float[] first, float[] second, long steps)
    {
        _first[name] = first;
        _second[name] = second;
        _steps[name] = steps;
    }

    /// <summary>Applies the gradients of <paramref name="names"/> and clears them; they are sums over <paramref name="summed"/> batches. Returns the gradient norm before clipping.</summary>
    public double Step(ParameterSet weights, IReadOnlyList<string> names, float rate, Func<string, float> rateFactor, int summed = 1)
    {
        double square = 0;
        foreach (var name in names)
        {
            if (weights[name].grad is { } gradient)
            {
                square += SumOfSquares(Floats(gradient));
            }
        }

        var norm = Math.Sqrt(square) / summed;
        if (!double.IsFinite(norm))
        {
            ClearGradients(weights, names);
            return norm;
        }

        var scale = (norm > MaxNorm ? (float)(MaxNorm / norm) : 1f) / summed;
        foreach (var name in names)
        {
            if (weights[name].grad is { } gradient)
            {
                Update(name, weights[name], Floats(gradient), scale, rate * rateFactor(name));
            }
        }

        return norm;
    }

    private static void ClearGradients(ParameterSet weights, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (weights[name].grad is { } gradient)
            {
                Floats(gradient).Clear();
            }
        }
    }

    private void Update(string name, Tensor weight, Span<float> gradient, float scale, float rate)
    {
        var w = Floats(weight);
        if (!_first.TryGetValue(name, out var m))
        {
            _first[name] = m = new float[w.Length];
            _second[name] = new float[w.Length];
            _steps[name] = 0;
        }

        var v = _second[name];
        var step = ++_steps[name];
        var correct1 = 1 / (1 - MathF.Pow(Beta1, step));
        var correct2 = 1 / (1 - MathF.Pow(Beta2, step));
        var decay = 1 - (rate * (weight.dim() >= 2 ? WeightDecay : 0));
        var i = 0;
        for (; i <= w.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var g = new Vector<float>(gradient[i..]) * scale;
            var first = (new Vector<float>(m, i) * Beta1) + (g * (1 - Beta1));
            var second = (new Vector<float>(v, i) * Beta2) + (g * g * (1 - Beta2));
            first.CopyTo(m, i);
            second.CopyTo(v, i);
            var denominator = Vector.SquareRoot(second * correct2) + new Vector<float>(Epsilon);
            ((new Vector<float>(w[i..]) * decay) - (first * (correct1 * rate) / denominator)).CopyTo(w[i..]);
        }

        for (; i < w.Length; i++)
        {
            var g = gradient[i] * scale;
            m[i] = (m[i] * Beta1) + (g * (1 - Beta1));
            v[i] = (v[i] * Beta2) + (g * g * (1 - Beta2));
            w[i] = (w[i] * decay) - (m[i] * correct1 * rate / (MathF.Sqrt(v[i] * correct2) + Epsilon));
        }

        gradient.Clear();
    }

    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        var sum = Vector<float>.Zero;
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = new Vector<float>(values[i..]);
            sum += v * v;
        }

        double total = Vector.Sum(sum);
        for (; i < values.Length; i++)
        {
            total += (double)values[i] * values[i];
        }

        return total;
    }

    private static Span<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
