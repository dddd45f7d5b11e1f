using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>
/// Takes the tensors that a model is made of out of a checkpoint, checks their shapes, and says which ones nobody took: a checkpoint that is not
/// understood in full must not become a model.
/// </summary>
internal sealed class TensorCollector
{
    private readonly Dictionary<string, SafetensorsTensor> remaining = new(StringComparer.Ordinal);

    public TensorCollector(CheckpointTensors checkpoint)
    {
        foreach (var tensor in checkpoint.All)
        {
            if (!remaining.TryAdd(CheckpointNames.Normalize(tensor.Name), tensor))
            {
                throw new ImportException($"tensor {GgufText.Quote(tensor.Name)}: occurs under two names");
            }
        }
    }

    public bool Contains(string name) => remaining.ContainsKey(name);

    public SafetensorsTensor Peek(string name) =>
        remaining.TryGetValue(name, out var tensor) ? tensor : throw new ImportException($"tensor {GgufText.Quote(name)}: is missing");

    /// <summary>Takes a tensor of exactly this shape, outermost dimension first.</summary>
    public SafetensorsTensor Take(string name, params ReadOnlySpan<long> shape)
    {
        var tensor = Peek(name);
        remaining.Remove(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(shape) || tensor.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16))
        {
            throw new ImportException(
                $"tensor {GgufText.Quote(tensor.Name)}: is {TensorTypes.Name(tensor.Type)} [{string.Join(", ", tensor.Shape)}], "
                + $"the configuration asks for floats of [{string.Join(", ", shape.ToArray())}]");
        }

        return tensor;
    }

    public void Ignore(Predicate<string> isKnown)
    {
        foreach (var name in remaining.Keys.Where(name => isKnown(name)).ToList())
        {
            remaining.Remove(name);
        }
    }

    public void CheckAllTaken()
    {
        var name = remaining.Keys.Order(StringComparer.Ordinal).FirstOrDefault();
        if (name is not null)
        {
            throw new ImportException($"tensor {GgufText.Quote(remaining[name].Name)}: has no place in a model of this kind");
        }
    }
}
