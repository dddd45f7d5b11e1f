using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.LLamaSharp;

/// <summary>
/// Splits a step into batches that hold either tokens or rows of pictures, as llama.cpp wants them, without changing the order within any sequence: as
/// few as possible. Owned by the engine, used by the thread that runs it; allocates nothing after its creation.
/// </summary>
internal sealed class StepParts
{
    private readonly int[] _partOfRow;
    private readonly int[] _partOfSequence;

    /// <param name="maxRows">Rows of a step.</param>
    /// <param name="sequences">Sequence ids.</param>
    public StepParts(int maxRows, int sequences)
    {
        _partOfRow = new int[maxRows];
        _partOfSequence = new int[sequences];
    }

    /// <summary>Batches of the last step; those with even numbers hold tokens and may be empty, the others rows of pictures.</summary>
    public int Count { get; private set; }

    /// <summary>Number of the batch that a row belongs to.</summary>
    public int this[int row] => _partOfRow[row];

    public static bool IsOfImages(int part) => (part & 1) == 1;

    public void Split(ReadOnlySpan<BatchRow> rows)
    {
        Array.Clear(_partOfSequence);
        var last = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            ref var part = ref _partOfSequence[rows[i].Sequence.Value];
            part += IsOfImages(part) == rows[i].Image is not null ? 0 : 1;
            _partOfRow[i] = part;
            last = Math.Max(last, part);
        }

        Count = last + 1;
    }
}
