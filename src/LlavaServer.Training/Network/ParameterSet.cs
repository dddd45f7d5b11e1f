using static TorchSharp.torch;

namespace LlavaServer.Training.Network;

/// <summary>All weights by their Hugging Face name. Owns the tensors (float32, CPU, contiguous); used by one training thread.</summary>
public sealed class ParameterSet : IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Tensor> Tensors => _tensors;

    public Tensor this[string name] => _tensors[name];

    /// <summary>Adds a tensor of the given shape drawn from a normal distribution (standard deviation 0 gives the constant <paramref name="mean"/>).</summary>
    public void Add(string name, Random random, float deviation, float mean, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = deviation == 0 ? mean : mean + (deviation * NextGaussian(random));
        }

        Add(name, values, shape);
    }

    /// <summary>Adds a tensor of the given values.</summary>
    public void Add(string name, float[] values, params long[] shape) =>
        _tensors.Add(name, tensor(values, shape).requires_grad_(true).DetachFromDisposeScope());

    /// <summary>Gives one weight the values of another.</summary>
    public void Copy(string from, string to) => _tensors[from].bytes.CopyTo(_tensors[to].bytes);

    /// <summary>Freezes every weight whose name no prefix in <paramref name="trained"/> matches; frozen weights take no gradient.</summary>
    public IReadOnlyList<string> Train(params string[] trained)
    {
        var names = new List<string>();
        foreach (var (name, weight) in _tensors)
        {
            var on = Array.Exists(trained, prefix => name.StartsWith(prefix, StringComparison.Ordinal));
            weight.requires_grad_(on);
            if (on)
            {
                names.Add(name);
            }
        }

        return names;
    }

    public long CountOf(string prefix) =>
        _tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(t => t.Value.numel());

    public void Dispose()
    {
        foreach (var weight in _tensors.Values)
        {
            weight.Dispose();
        }
    }

    private static float NextGaussian(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
