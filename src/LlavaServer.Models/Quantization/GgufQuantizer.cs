using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// Rewrites a GGUF file in another weight format. For models that llama-quantize takes, the output is the one that it writes, byte for byte. Stateless,
/// any thread; memory stays at some 100 MB.
/// </summary>
public static class GgufQuantizer
{
    /// <param name="inputPath">A model or mmproj in F32, F16 or BF16.</param>
    /// <param name="outputPath">The file to write; replaced by rename.</param>
    /// <param name="mix">The recipe.</param>
    /// <param name="pure">Use the recipe's base type for every matrix.</param>
    /// <param name="cancellationToken">Stops between parts of tensors and leaves no file.</param>
    /// <exception cref="GgufException">The input is damaged, or already quantized to another type.</exception>
    public static void Quantize(string inputPath, string outputPath, QuantizationMix mix, bool pure = false, CancellationToken cancellationToken = default)
    {
        using var input = GgufFile.Open(inputPath);
        var writer = new GgufWriter();
        writer.CopyMetadata(input.Metadata);
        foreach (var key in (ReadOnlySpan<string>)
            ["general.quantization_version", "general.file_type", "split.no", "split.count", "split.tensors.count"])
        {
            writer.Remove(key);
        }

        writer.AddUInt32("general.quantization_version", 2);
        writer.AddUInt32("general.file_type", mix.FileType);
        var (layers, queriesPerKey) = ReadShape(input.Metadata);
        var plans = input.Tensors.Select(tensor => new TensorPlan(tensor.Name, tensor.Shape.ToArray(), tensor.Type)).ToList();
        var types = mix.ChooseTypes(plans, layers, queriesPerKey, pure);
        foreach (var plan in plans.OrderBy(plan => plan.Name, TensorOrder.Instance))
        {
            var tensor = input.GetTensor(plan.Name);
            var type = types[plan.Name];
            if (type != tensor.Type && TensorTypes.BlockElements(tensor.Type) > 1)
            {
                throw new GgufException($"tensor {GgufText.Quote(plan.Name)}: is already {TensorTypes.Name(tensor.Type)}; start from F32, F16 or BF16");
            }

            writer.AddTensor(plan.Name, type, plan.Shape, stream => Write(stream, tensor, type, cancellationToken));
        }

        writer.Write(outputPath);
    }

    private static (int Layers, int QueriesPerKey) ReadShape(GgufMetadata metadata)
    {
        var prefix = metadata.GetString("general.architecture") + ".";
        var layers = metadata.GetInt32(prefix + "block_count", 0);
        var headKey = prefix + "attention.head_count";
        var keyValueKey = prefix + "attention.head_count_kv";
        return layers == 0 || !metadata.Contains(headKey) || !metadata.Contains(keyValueKey)
            ? (layers, 1)
            : (layers, metadata.GetPerLayer(headKey, layers)[0] / Math.Max(1, metadata.GetPerLayer(keyValueKey, layers)[0]));
    }

    private static void Write(Stream stream, GgufTensor tensor, TensorType type, CancellationToken cancellationToken)
    {
        if (type == tensor.Type)
        {
            WriteBytes(stream, tensor, cancellationToken);
            return;
        }

        var rowElements = checked((int)tensor.Shape[0]);
        var rows = tensor.ElementCount / Math.Max(1, rowElements);
        var chunkRows = (int)Math.Min(rows, Math.Max(1, RowConverter.ChunkElements / Math.Max(1, rowElements)));
        var values = new float[chunkRows * rowElements];
        var stored = new byte[TensorTypes.RowBytes(type, rowElements) * chunkRows];
        var sourceRowBytes = TensorTypes.RowBytes(tensor.Type, rowElements);
        for (long first = 0; first < rows; first += chunkRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(chunkRows, rows - first);
            Dequantizer.ToFloat(tensor.Type, tensor.Address + (nint)(first * sourceRowBytes), values.AsSpan(0, count * rowElements));
            RowConverter.Convert(type, values, rowElements, count, stored);
            stream.Write(stored, 0, (int)TensorTypes.RowBytes(type, (long)count * rowElements));
        }
    }

    private static unsafe void WriteBytes(Stream stream, GgufTensor tensor, CancellationToken cancellationToken)
    {
        const int chunk = 16 << 20;
        for (long position = 0; position < tensor.ByteCount; position += chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            stream.Write(new ReadOnlySpan<byte>(tensor.Pointer + position, (int)Math.Min(chunk, tensor.ByteCount - position)));
        }
    }
}
