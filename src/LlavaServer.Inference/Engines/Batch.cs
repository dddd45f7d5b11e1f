namespace LlavaServer.Inference.Engines;

/// <summary>
/// What one step computes: rows of token ids and image rows mixed, each with its sequence and position. Filled by the scheduler thread, read by the
/// engine during <see cref="IInferenceEngine.Decode"/>, reused without allocation. Rows of one sequence are in ascending order of position.
/// </summary>
public sealed class Batch
{
    private readonly BatchRow[] _rows;

    public Batch(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _rows = new BatchRow[capacity];
    }

    public int Capacity => _rows.Length;

    public int Count { get; private set; }

    /// <summary>Set when nobody is answered by this step: it gives way to steps of other models.</summary>
    public bool GivesWay { get; set; }

    public ReadOnlySpan<BatchRow> Rows => _rows.AsSpan(0, Count);

    public void Clear()
    {
        // Image references are dropped so that an evicted embedding is not kept alive by an old batch.
        Array.Clear(_rows, 0, Count);
        Count = 0;
        GivesWay = false;
    }

    /// <summary>Appends a token row and returns its number.</summary>
    public int AddToken(SequenceId sequence, int position, int tokenId, bool wantsLogits, bool wantsEmbedding = false)
    {
        _rows[Count] = new BatchRow(sequence, position, tokenId, null, 0, wantsLogits, wantsEmbedding);
        return Count++;
    }

    /// <summary>Appends row <paramref name="imageRow"/> of a picture and returns its number in the batch.</summary>
    public int AddImageRow(
        SequenceId sequence, int position, ImageEmbedding image, int imageRow, bool wantsLogits, bool wantsEmbedding = false)
    {
        _rows[Count] = new BatchRow(sequence, position, -1, image, imageRow, wantsLogits, wantsEmbedding);
        return Count++;
    }
}
