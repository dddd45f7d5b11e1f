using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>
/// Rewrites a GGUF file in another weight format. For models that llama-quantize takes, the output is the one that it writes, byte for byte. Stateless,
/// any thread; the data passes through buffers of some 100 MB.
/// </summary>
public static class GgufQuantizer
{
    private static readonly string[] s_rewritten = ["general.quantization_version", "general.file_type", .. GgufMerger.SplitKeys];

    /// <param name="inputPath">A model or mmproj in F32, F16 or BF16.</param>
    /// <param name="outputPath">The file to write; replaced by rename.</param>
    /// <param name="mix">The recipe.</param>
    /// <param name="pure">Use the recipe's base type for every matrix.</param>
    /// <param name="cancellationToken">Stops between parts of tensors and leaves no file.</param>
    /// <exception cref="GgufException">The input is damaged, already quantized to another type, or has weights that are no numbers.</exception>
    public static void Quantize(string inputPath, string outputPath, QuantizationMix mix, bool pure = false, CancellationToken cancellationToken = default)
    {
        using var input = GgufSource.Open(inputPath);
        Prepare(input, mix, pure, advanced: null, cancellationToken).Write(outputPath);
    }

    /// <summary>The file that is to be written; the input is read while it is, and has to stay open.</summary>
    /// <param name="input">A model or mmproj in F32, F16 or BF16.</param>
    /// <param name="mix">The recipe.</param>
    /// <param name="pure">Use the recipe's base type for every matrix.</param>
    /// <param name="advanced">Called with bytes of the input that are done.</param>
    /// <param name="cancellationToken">Stops between parts of tensors.</param>
    internal static GgufWriter Prepare(GgufSource input, QuantizationMix mix, bool pure, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var writer = new GgufWriter();
        writer.CopyMetadata(input.Metadata);
        foreach (var key in s_rewritten)
        {
            writer.Remove(key);
        }

        writer.AddUInt32("general.quantization_version", 2);
        writer.AddUInt32("general.file_type", mix.FileType);
        var (layers, queriesPerKey) = ReadShape(input.Metadata);
        var types = mix.ChooseTypes(input.Tensors.Select(static tensor => new TensorPlan(tensor.Name, tensor.Shape, tensor.Type)), layers, queriesPerKey, pure);
        foreach (var tensor in input.Tensors.OrderBy(static tensor => tensor.Name, TensorOrder.Instance))
        {
            var type = types[tensor.Name];
            if (type != tensor.Type && TensorTypes.BlockElements(tensor.Type) > 1)
            {
                throw new GgufException($"tensor {GgufText.Quote(tensor.Name)}: is already {TensorTypes.Name(tensor.Type)}; start from F32, F16 or BF16");
            }

            writer.AddTensor(tensor.Name, type, tensor.Shape, stream => Write(stream, tensor, type, advanced, cancellationToken));
        }

        return writer;
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

    private static void Write(Stream stream, GgufSourceTensor tensor, TensorType type, Action<long>? advanced, CancellationToken cancellationToken)
    {
        if (type == tensor.Type)
        {
            tensor.CopyTo(stream, stored => Check(tensor, type, type, stored), advanced, cancellationToken);
            return;
        }

        var rowElements = checked((int)tensor.Shape[0]);
        var rows = tensor.ElementCount / Math.Max(1, rowElements);
        var chunkRows = (int)Math.Min(rows, Math.Max(1, RowConverter.ChunkElements / Math.Max(1, rowElements)));
        var sourceRowBytes = (int)TensorTypes.RowBytes(tensor.Type, rowElements);
        var storedRowBytes = (int)TensorTypes.RowBytes(type, rowElements);
        var source = new byte[chunkRows * sourceRowBytes];
        var values = new float[chunkRows * rowElements];
        var stored = new byte[chunkRows * storedRowBytes];
        for (long first = 0; first < rows; first += chunkRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(chunkRows, rows - first);
            tensor.Read(first * sourceRowBytes, source.AsSpan(0, count * sourceRowBytes));
            Check(tensor, tensor.Type, type, source.AsSpan(0, count * sourceRowBytes));
            Expand(tensor.Type, source, values.AsSpan(0, count * rowElements));
            RowConverter.Convert(type, values, rowElements, count, stored);
            var written = stored.AsSpan(0, count * storedRowBytes);
            Check(tensor, type, type, written);
            stream.Write(written);
            advanced?.Invoke((long)count * sourceRowBytes);
        }
    }

    // llama-quantize looks at every tensor that it reads, and at every one that it has quantized.
    private static void Check(GgufSourceTensor tensor, TensorType type, TensorType target, ReadOnlySpan<byte> stored)
    {
        if (!BlockCheck.AreFinite(type, stored))
        {
            throw new GgufException($"tensor {GgufText.Quote(tensor.Name)}: has a weight that is not finite or too large for {TensorTypes.Name(target)}");
        }
    }

    private static unsafe void Expand(TensorType type, byte[] source, Span<float> values)
    {
        fixed (byte* pointer = source)
        {
            Dequantizer.ToFloat(type, (nint)pointer, values);
        }
    }
}
