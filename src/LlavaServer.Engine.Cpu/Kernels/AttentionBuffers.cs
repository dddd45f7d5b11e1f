namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>Shapes and memory of one attention over all positions of a picture. A view: the tower's workspace owns the memory.</summary>
internal readonly unsafe struct AttentionBuffers
{
    public required int Positions { get; init; }

    public required int Heads { get; init; }

    public required int HeadWidth { get; init; }

    /// <summary>Queries, keys and values side by side in each row, shape (Positions, 3, PartStride).</summary>
    public required float* QueriesKeysValues { get; init; }

    /// <summary>Floats from one row of queries to the next.</summary>
    public required nint Stride { get; init; }

    /// <summary>Floats from queries to keys and from keys to values.</summary>
    public required nint PartStride { get; init; }

    /// <summary>Result, shape (Positions, Heads · HeadWidth), rows apart by <see cref="OutputStride"/>.</summary>
    public required float* Output { get; init; }

    public required nint OutputStride { get; init; }

    /// <summary>Room for packed keys and behind them packed values, see <see cref="BidirectionalAttention.PackedFloats"/>.</summary>
    public required float* Packed { get; init; }

    /// <summary>At least <see cref="BidirectionalAttention.ScratchFloats"/> for every thread.</summary>
    public required float* Scratch { get; init; }

    /// <summary>Floats from one thread's scratch to the next.</summary>
    public required long ScratchStride { get; init; }

    /// <summary>Rounds keys and values to half precision, as llama.cpp stores them.</summary>
    public required bool RoundsToHalf { get; init; }

    public float* Query(int head, int position) => QueriesKeysValues + position * Stride + (nint)head * HeadWidth;

    public float* Key(int head, int position) => Query(head, position) + PartStride;

    public float* Value(int head, int position) => Query(head, position) + 2 * PartStride;

    public float* OutputRow(int head, int position) => Output + position * OutputStride + (nint)head * HeadWidth;

    public float* PackedKeys(int head) => Packed + (nint)head * MatMulFloat.PaddedRows(Positions) * HeadWidth;

    public float* PackedValues(int head)
    {
        (long keys, _) = BidirectionalAttention.PackedFloats(Positions, Heads, HeadWidth);
        return Packed + keys + (nint)head * MatMulFloat.PaddedRows(HeadWidth) * Positions;
    }
}
