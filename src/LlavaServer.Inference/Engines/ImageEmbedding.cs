namespace LlavaServer.Inference.Engines;

/// <summary>
/// A picture as rows for the language model: output of vision tower and projector. Immutable after creation, shared between threads and sequences.
/// </summary>
public sealed class ImageEmbedding
{
    private readonly float[] _values;

    /// <param name="values">Row-major, shape (rowCount, width).</param>
    /// <param name="rowCount">Number of rows, one position of a sequence each.</param>
    /// <param name="width">Embedding width of the language model.</param>
    public ImageEmbedding(float[] values, int rowCount, int width)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, checked(rowCount * width), nameof(values));
        _values = values;
        RowCount = rowCount;
        Width = width;
    }

    public int RowCount { get; }

    public int Width { get; }

    public long Bytes => (long)_values.Length * sizeof(float);

    /// <summary>All values, row-major, shape (RowCount, Width).</summary>
    public ReadOnlySpan<float> Values => _values;

    public ReadOnlySpan<float> Row(int row) => _values.AsSpan(row * Width, Width);
}
