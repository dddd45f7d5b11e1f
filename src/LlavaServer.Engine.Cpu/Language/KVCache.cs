using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>
/// Keys and values of all sequences as halves, in blocks of 32 positions that sequences share until one of them writes (paging as in vLLM, Kwon et al.
/// 2023). Each layer and head has the keys of all blocks, then their values (<see cref="KVBlocks"/>), and a sequence is given consecutive blocks where
/// they are free: attention then reads one long array as from a contiguous cache. Memory is taken from the system when positions are first written.
/// Owned by the engine, on the scheduler thread; a step's threads write different rows.
/// </summary>
internal sealed unsafe class KVCache : IDisposable
{
    private readonly NativeBuffer _buffer;
    private readonly NativeBuffer _tables;
    private readonly int[] _lengths;
    private readonly int[] _blockCounts;
    private readonly int[] _references;
    private readonly bool[] _copies;
    private readonly int _layerCount;
    private readonly int _headCount;
    private readonly int _headWidth;
    private readonly int _tableLength;
    private readonly long _keyHalves;
    private readonly long _headHalves;
    private int _freeCount;

    /// <param name="sequences">Sequence ids.</param>
    /// <param name="contextLength">Most positions of a sequence.</param>
    /// <param name="positions">Positions of all sequences together, rounded up to whole blocks; 0 for as many as all of them can reach.</param>
    /// <exception cref="OutOfMemoryException">The system refuses that much.</exception>
    public KVCache(int sequences, int contextLength, int positions, LlamaConfig config)
    {
        _lengths = new int[sequences];
        _blockCounts = new int[sequences];
        _copies = new bool[sequences];
        _layerCount = config.LayerCount;
        _headCount = config.KVHeadCount;
        _headWidth = config.HeadWidth;
        ContextLength = contextLength;
        ValueStride = (config.HeadWidth + 31) / 32 * 32;
        _tableLength = BlocksFor(contextLength);
        int blocks = positions > 0 ? BlocksFor(positions) : checked(sequences * _tableLength);
        Positions = checked(blocks * KVBlocks.Positions);
        _keyHalves = (long)Positions * _headWidth;
        _headHalves = _keyHalves + ((long)Positions * ValueStride);
        _references = new int[blocks];
        _freeCount = blocks;
        _tables = new NativeBuffer((long)sequences * _tableLength * sizeof(int));
        _buffer = new NativeBuffer(checked(_layerCount * _headCount * _headHalves * sizeof(ushort)));
    }

    public int ContextLength { get; }

    /// <summary>Positions that all sequences together can hold.</summary>
    public int Positions { get; }

    /// <summary>Halves between the values of two positions: the head width, padded to whole registers.</summary>
    public int ValueStride { get; }

    public long MemoryBytes => _buffer.Bytes + _tables.Bytes;

    public int SequenceCount => _lengths.Length;

    /// <summary>Positions that a sequence holds.</summary>
    public int Length(int sequence) => _lengths[sequence];

    /// <summary>
    /// Gives every sequence blocks of its own for the positions that it goes on to write, copying a last block that it shares; false, and nothing
    /// changed, when there are not enough.
    /// </summary>
    /// <param name="added">Positions to be written per sequence.</param>
    public bool TryReserve(ReadOnlySpan<int> added)
    {
        int needed = 0;
        for (int sequence = 0; sequence < added.Length; sequence++)
        {
            _copies[sequence] = false;
            if (added[sequence] == 0)
            {
                continue;
            }

            int length = _lengths[sequence];
            needed += BlocksFor(length + added[sequence]) - _blockCounts[sequence];
            if (length % KVBlocks.Positions != 0 && _references[LastBlock(sequence)] > 1)
            {
                // The reference is given up at once: the last of those that share a block may keep it.
                _references[LastBlock(sequence)]--;
                _copies[sequence] = true;
                needed++;
            }
        }

        bool fits = needed <= _freeCount;
        for (int sequence = 0; sequence < added.Length; sequence++)
        {
            if (_copies[sequence])
            {
                if (fits)
                {
                    int copy = Take(sequence, _blockCounts[sequence] - 1);
                    CopyBlock(LastBlock(sequence), copy);
                    LastBlock(sequence) = copy;
                }
                else
                {
                    _references[LastBlock(sequence)]++;
                }
            }

            while (fits && added[sequence] > 0 && _blockCounts[sequence] < BlocksFor(_lengths[sequence] + added[sequence]))
            {
                int block = Take(sequence, _blockCounts[sequence]);
                _blockCounts[sequence]++;
                LastBlock(sequence) = block;
            }
        }

        return fits;
    }

    /// <summary>Sets what a sequence holds, within what was reserved, and gives back the blocks behind it.</summary>
    public void SetLength(int sequence, int length)
    {
        _lengths[sequence] = length;
        int blocks = BlocksFor(length);
        while (_blockCounts[sequence] > blocks)
        {
            Release(LastBlock(sequence));
            _blockCounts[sequence]--;
        }
    }

    /// <summary>Makes the first positions of a sequence those of another, in the same memory.</summary>
    public void Share(int source, int target, int length)
    {
        int blocks = BlocksFor(length);
        int* shared = Table(source);
        for (int i = 0; i < blocks; i++)
        {
            _references[shared[i]]++;
        }

        SetLength(target, 0);
        new ReadOnlySpan<int>(shared, blocks).CopyTo(new Span<int>(Table(target), blocks));
        _blockCounts[target] = blocks;
        _lengths[target] = length;
    }

    /// <summary>Blocks of a sequence as attention of one head reads them; valid until the sequence is changed.</summary>
    public KVBlocks Blocks(int sequence, int layer, int head)
    {
        ushort* keys = Head(layer, head);
        return new KVBlocks(keys, keys + _keyHalves, Table(sequence), _headWidth, ValueStride);
    }

    /// <summary>Stores a row's keys and values, rounded to half.</summary>
    /// <param name="keys">Shape (KV heads, HeadWidth).</param>
    /// <param name="values">Shape (KV heads, HeadWidth).</param>
    public void Store(int sequence, int layer, int position, float* keys, float* values)
    {
        for (int head = 0; head < _headCount; head++)
        {
            KVBlocks blocks = Blocks(sequence, layer, head);
            ushort* column = blocks.Key(position);
            ushort* row = blocks.Value(position);
            for (int d = 0; d < _headWidth; d++)
            {
                column[d * Attention.TilePositions] = HalfBits.FromSingle(*keys++);
                row[d] = HalfBits.FromSingle(*values++);
            }
        }
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _tables.Dispose();
    }

    private static int BlocksFor(int positions) => (int)(((long)positions + KVBlocks.Positions - 1) / KVBlocks.Positions);

    private int* Table(int sequence) => (int*)_tables.Pointer + ((long)sequence * _tableLength);

    private ref int LastBlock(int sequence) => ref Table(sequence)[_blockCounts[sequence] - 1];

    private ushort* Head(int layer, int head) => (ushort*)_buffer.Pointer + ((((long)layer * _headCount) + head) * _headHalves);

    /// <summary>
    /// Takes a free block for place <paramref name="index"/> of a sequence: the one behind its last, or the next free one from there. First blocks are
    /// spread over the memory, so that sequences which grow together do not take turns.
    /// </summary>
    private int Take(int sequence, int index)
    {
        int block = index > 0
            ? (Table(sequence)[index - 1] + 1) % _references.Length
            : (int)((long)sequence * _references.Length / _lengths.Length);
        while (_references[block] > 0)
        {
            block = (block + 1) % _references.Length;
        }

        _references[block] = 1;
        _freeCount--;
        return block;
    }

    private void Release(int block)
    {
        if (--_references[block] == 0)
        {
            _freeCount++;
        }
    }

    private void CopyBlock(int source, int target)
    {
        long keyHalves = (long)KVBlocks.Positions * _headWidth;
        long valueHalves = (long)KVBlocks.Positions * ValueStride;
        for (int i = 0; i < _layerCount * _headCount; i++)
        {
            ushort* keys = Head(0, i);
            ushort* values = keys + _keyHalves;
            Copy(keys + (source * keyHalves), keys + (target * keyHalves), keyHalves);
            Copy(values + (source * valueHalves), values + (target * valueHalves), valueHalves);
        }
    }

    private static void Copy(ushort* source, ushort* target, long count) =>
        Buffer.MemoryCopy(source, target, count * sizeof(ushort), count * sizeof(ushort));
}
