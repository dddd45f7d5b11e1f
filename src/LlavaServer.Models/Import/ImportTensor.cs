using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Models.Import;

/// <summary>
/// One tensor on its way from a checkpoint to a GGUF file. <paramref name="Type"/> is the type it has if no quantization rule applies;
/// <paramref name="PermutedHeadSize"/> above 0 reorders the rows of each head for rotation of neighbouring pairs.
/// </summary>
internal sealed record ImportTensor(string Name, SafetensorsTensor Source, TensorType Type, int PermutedHeadSize = 0)
{
    /// <summary>The shape innermost first.</summary>
    public long[] Shape => [.. Source.Shape.Reverse()];

    public TensorPlan Plan => new(Name, Shape, Type);

    /// <summary>Reads, converts and writes the tensor in pieces of bounded size.</summary>
    /// <exception cref="ImportException">A weight is not finite or does not fit the type.</exception>
    public void Write(Stream stream, TensorType target, Action<long>? advanced, CancellationToken cancellationToken)
    {
        // A bias whose elements change places is a matrix of one column.
        var rowElements = PermutedHeadSize > 0 && Source.Shape.Length == 1 ? 1 : (int)Shape[0];
        var rows = Source.ElementCount / rowElements;
        var chunkRows = (int)Math.Min(rows, Math.Max(1, RowConverter.ChunkElements / rowElements));
        var values = new float[chunkRows * rowElements];
        var raw = new byte[values.Length * Source.ElementBytes];
        var stored = new byte[TensorTypes.RowBytes(target, rowElements) * chunkRows];
        for (long first = 0; first < rows; first += chunkRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(chunkRows, rows - first);
            ReadRows(raw, first, count, rowElements * Source.ElementBytes);
            Expand(raw, values.AsSpan(0, count * rowElements), target);
            RowConverter.Convert(target, values, rowElements, count, stored);
            stream.Write(stored, 0, (int)(TensorTypes.RowBytes(target, rowElements) * count));
            advanced?.Invoke((long)count * rowElements * Source.ElementBytes);
        }
    }

    private void ReadRows(byte[] raw, long first, int count, int rowBytes)
    {
        if (PermutedHeadSize == 0)
        {
            Source.File.Read(Source.Offset + first * rowBytes, raw.AsSpan(0, count * rowBytes));
            return;
        }

        for (var i = 0; i < count; i++)
        {
            var (head, row) = Math.DivRem(first + i, PermutedHeadSize);
            var sourceRow = head * PermutedHeadSize + row % 2 * (PermutedHeadSize / 2) + row / 2;
            Source.File.Read(Source.Offset + sourceRow * rowBytes, raw.AsSpan(i * rowBytes, rowBytes));
        }
    }

    private unsafe void Expand(byte[] raw, Span<float> values, TensorType target)
    {
        fixed (byte* source = raw)
        {
            Dequantizer.ToFloat(Source.Type, (nint)source, values);
        }

        var limit = target == TensorType.F16 ? (float)Half.MaxValue : float.MaxValue;
        foreach (var value in values)
        {
            if (!(Math.Abs(value) <= limit))
            {
                throw new ImportException($"tensor {GgufText.Quote(Source.Name)}: has a weight that is not finite or too large for {TensorTypes.Name(target)}");
            }
        }
    }
}
