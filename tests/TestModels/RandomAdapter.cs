using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.TestModels;

/// <summary>Writes an adapter (LoRA) with random weights for a random language model, in the form of llama.cpp's converter; and models that have it merged in.</summary>
internal static class RandomAdapter
{
    /// <param name="path">Written.</param>
    /// <param name="model">The model that it is for.</param>
    /// <param name="type">Of its matrices.</param>
    /// <param name="change">Of its metadata.</param>
    /// <param name="adapts">Which tensors it changes; null is every matrix.</param>
    public static void Write(
        string path, string model, int rank = 4, float alpha = 8, int seed = 5, TensorType type = TensorType.F32, Action<GgufWriter>? change = null, Func<string, bool>? adapts = null)
    {
        using var file = GgufFile.Open(model);
        var writer = new GgufWriter();
        writer.AddString("general.type", "adapter");
        writer.AddString("general.architecture", file.Metadata.GetString("general.architecture"));
        writer.AddString("adapter.type", "lora");
        writer.AddFloat32("adapter.lora.alpha", alpha);
        var random = new Random(seed);
        foreach (var tensor in file.Tensors.Where(tensor => tensor.DimensionCount == 2 && adapts?.Invoke(tensor.Name) != false))
        {
            var (width, rows) = (tensor.Shape[0], tensor.Shape[1]);
            var isEmbedding = tensor.Name == "token_embd.weight";
            Add(tensor.Name + ".lora_a", isEmbedding ? [rank, rows] : [width, rank]);
            Add(tensor.Name + ".lora_b", isEmbedding ? [rank, width] : [rank, rows]);
        }

        change?.Invoke(writer);
        writer.Write(path);

        void Add(string name, long[] shape)
        {
            var values = new float[shape[0] * shape[1]];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (float)((random.NextDouble() - 0.5) * 0.4);
            }

            if (type == TensorType.F32)
            {
                writer.AddTensor(name, shape, values);
            }
            else
            {
                var halves = Array.ConvertAll(values, static value => (Half)value);
                writer.AddTensor(name, TensorType.F16, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes(halves.AsSpan()).ToArray());
            }
        }
    }

    /// <summary>Writes an F32 model with adapters added to its matrices: what <c>W + alpha / rank * B A</c> is.</summary>
    public static void Merge(string path, string model, params string[] adapters)
    {
        using var file = GgufFile.Open(model);
        var writer = new GgufWriter();
        writer.CopyMetadata(file.Metadata);
        foreach (var tensor in file.Tensors)
        {
            var values = Floats(tensor);
            foreach (var adapter in adapters)
            {
                Add(tensor, values, adapter);
            }

            writer.AddTensor(tensor.Name, tensor.Shape, values);
        }

        writer.Write(path);
    }

    private static void Add(GgufTensor tensor, float[] values, string adapter)
    {
        using var file = GgufFile.Open(adapter);
        if (!file.TryGetTensor(tensor.Name + ".lora_a", out var down))
        {
            return;
        }

        var up = file.GetTensor(tensor.Name + ".lora_b");
        var (a, b) = (Floats(down), Floats(up));
        var (width, rank) = ((int)tensor.Shape[0], (int)up.Shape[0]);
        var scale = file.Metadata.GetFloat32("adapter.lora.alpha") / rank;
        var isEmbedding = tensor.Name == "token_embd.weight";
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = (i / width, i % width);
            double sum = 0;
            for (var k = 0; k < rank; k++)
            {
                sum += isEmbedding ? (double)b[(column * rank) + k] * a[(row * rank) + k] : (double)b[(row * rank) + k] * a[(k * width) + column];
            }

            values[i] += (float)(sum * scale);
        }
    }

    private static float[] Floats(GgufTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        Dequantizer.ToFloat(tensor.Type, tensor.Address, values);
        return values;
    }
}
