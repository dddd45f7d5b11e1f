using System.Globalization;
using System.Runtime.InteropServices;
using LlavaServer.Training.Network;
using LlavaServer.Training.Optimization;

namespace LlavaServer.Training.Checkpoints;

/// <summary>Weights, optimizer moments and counters of a stage in one safetensors file, enough to go on as if nothing had happened.</summary>
public static class Checkpoint
{
    public static void Save(string path, ParameterSet weights, AdamW optimizer, StageProgress progress)
    {
        var tensors = weights.Tensors.Select(w => (w.Key, w.Value.shape, MemoryMarshal.Cast<byte, float>(w.Value.bytes).ToArray()))
            .Concat(optimizer.First.Select(m => ("first." + m.Key, new long[] { m.Value.Length }, m.Value)))
            .Concat(optimizer.Second.Select(m => ("second." + m.Key, new long[] { m.Value.Length }, m.Value)));
        var metadata = optimizer.Steps.ToDictionary(s => "steps." + s.Key, s => s.Value.ToString(CultureInfo.InvariantCulture));
        metadata["stage"] = progress.Stage;
        metadata["step"] = progress.Step.ToString(CultureInfo.InvariantCulture);
        metadata["examples"] = progress.Examples.ToString(CultureInfo.InvariantCulture);
        metadata["seconds"] = progress.Seconds.ToString(CultureInfo.InvariantCulture);
        SafetensorsFile.Write(path, tensors, metadata);
    }

    /// <summary>Loads weights, and the optimizer's moments where they are of the same stage.</summary>
    public static StageProgress Load(string path, ParameterSet weights, AdamW optimizer, string stage)
    {
        var (tensors, metadata) = SafetensorsFile.Read(path);
        foreach (var (name, weight) in weights.Tensors)
        {
            if (!tensors.TryGetValue(name, out var saved) || !saved.Shape.SequenceEqual(weight.shape))
            {
                throw new InvalidDataException($"{path}: '{name}' is missing or has another shape");
            }

            saved.Values.CopyTo(MemoryMarshal.Cast<byte, float>(weight.bytes));
        }

        if (metadata["stage"] != stage)
        {
            return new StageProgress(stage, 0, 0, 0);
        }

        foreach (var (key, steps) in metadata.Where(m => m.Key.StartsWith("steps.", StringComparison.Ordinal)))
        {
            var name = key["steps.".Length..];
            optimizer.Restore(name, tensors["first." + name].Values, tensors["second." + name].Values, long.Parse(steps, CultureInfo.InvariantCulture));
        }

        return new StageProgress(
            stage, long.Parse(metadata["step"], CultureInfo.InvariantCulture), long.Parse(metadata["examples"], CultureInfo.InvariantCulture),
            double.Parse(metadata["seconds"], CultureInfo.InvariantCulture));
    }
}
