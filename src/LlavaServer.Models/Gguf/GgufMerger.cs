namespace LlavaServer.Models.Gguf;

/// <summary>Writes the parts of a split model as one file, with the same metadata and tensors. Stateless, any thread.</summary>
internal static class GgufMerger
{
    /// <summary>Keys that only parts have.</summary>
    public static IReadOnlyList<string> SplitKeys { get; } = ["split.no", "split.count", "split.tensors.count"];

    /// <summary>The file that is to be written; the input is read while it is, and has to stay open.</summary>
    /// <param name="input">All parts, or one whole file.</param>
    /// <param name="advanced">Called with bytes that are done.</param>
    /// <param name="cancellationToken">Stops between parts of tensors.</param>
    public static GgufWriter Prepare(GgufSource input, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var writer = new GgufWriter();
        writer.CopyMetadata(input.Metadata);
        foreach (var key in SplitKeys)
        {
            writer.Remove(key);
        }

        foreach (var tensor in input.Tensors)
        {
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Shape, stream => tensor.CopyTo(stream, check: null, advanced, cancellationToken));
        }

        return writer;
    }
}
