using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.TestModels;

/// <summary>The tensors of a random model: names, shapes and distributions first, then types by a quantization mix, then the file.</summary>
internal sealed class RandomTensors(ulong seed)
{
    private readonly List<(TensorPlan Plan, float Mean, float Deviation)> tensors = [];
    private readonly Dictionary<(TensorType, float, float), WeightPool> pools = [];

    /// <summary>A matrix [inputs, outputs] whose products keep the magnitude of their input.</summary>
    public void AddMatrix(string name, int inputs, int outputs) =>
        Add(name, TensorType.F32, [inputs, outputs], 0, 1 / MathF.Sqrt(inputs));

    public void AddNorm(string name, int width) => Add(name, TensorType.F32, [width], 1, 0.1f);

    public void AddBias(string name, int width) => Add(name, TensorType.F32, [width], 0, 0.1f);

    public void Add(string name, TensorType type, long[] shape, float mean, float deviation) =>
        tensors.Add((new TensorPlan(name, shape, type), mean, deviation));

    public void AddTo(GgufWriter writer, QuantizationMix mix, int layers, int queriesPerKey, bool pure)
    {
        var types = mix.ChooseTypes(tensors.Select(tensor => tensor.Plan), layers, queriesPerKey, pure);
        var random = new RandomSource(seed);
        foreach (var (plan, mean, deviation) in tensors)
        {
            var type = types[plan.Name];
            var bytes = plan.Shape[1..].Aggregate(TensorTypes.RowBytes(type, plan.Shape[0]), (product, length) => product * length);
            writer.AddTensor(plan.Name, type, plan.Shape, stream => Pool(type, mean, deviation).Write(stream, bytes, random));
        }
    }

    private WeightPool Pool(TensorType type, float mean, float deviation)
    {
        if (!pools.TryGetValue((type, mean, deviation), out var pool))
        {
            pool = new WeightPool(type, mean, deviation, seed + (ulong)pools.Count + 1);
            pools.Add((type, mean, deviation), pool);
        }

        return pool;
    }
}
