namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Keys and values of one sequence, layer and head as halves, in blocks of 32 positions that lie anywhere in the head's memory: keys in tiles of 16
/// positions, shape (tiles, headWidth, 16), so that a register holds one element of many positions; values by position, shape (positions, valueStride).
/// Blocks with consecutive numbers are one longer array. A view: the KV cache owns the memory.
/// </summary>
/// <param name="keys">The head's keys in block 0.</param>
/// <param name="values">The head's values in block 0.</param>
/// <param name="table">Block numbers in order of position.</param>
/// <param name="valueStride">Halves between the values of two positions, a multiple of 32 and at least the head width.</param>
internal readonly unsafe struct KVBlocks(ushort* keys, ushort* values, int* table, int headWidth, int valueStride)
{
    /// <summary>Positions of a block.</summary>
    public const int Positions = 2 * Attention.TilePositions;

    public int HeadWidth => headWidth;

    public int ValueStride => valueStride;

    /// <summary>Blocks from place <paramref name="index"/> on, before <paramref name="end"/>, that lie one behind the other.</summary>
    public int Run(int index, int end)
    {
        int next = index + 1;
        while (next < end && table[next] == table[next - 1] + 1)
        {
            next++;
        }

        return next - index;
    }

    /// <summary>Tiles of keys of the block in place <paramref name="index"/>.</summary>
    public ushort* Keys(int index) => keys + ((long)table[index] * Positions * headWidth);

    /// <summary>Values of the block in place <paramref name="index"/>.</summary>
    public ushort* Values(int index) => values + ((long)table[index] * Positions * valueStride);

    /// <summary>First element of the key of a position; the next are 16 apart.</summary>
    public ushort* Key(int position) =>
        Keys(position / Positions)
        + (position % Positions / Attention.TilePositions * headWidth * Attention.TilePositions) + (position % Attention.TilePositions);

    /// <summary>First element of the value of a position.</summary>
    public ushort* Value(int position) => Values(position / Positions) + (position % Positions * valueStride);
}
