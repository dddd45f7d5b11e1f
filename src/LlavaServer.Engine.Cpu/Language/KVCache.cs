using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>
/// Keys and values of every sequence slot as halves, contiguous per slot, layer and head: keys in tiles of 16 positions, values by position (layouts of
/// <see cref="Attention"/>). Memory is taken from the system when positions are first written. Owned by the engine, on the scheduler thread;
/// a step's threads write different rows.
/// </summary>
internal sealed unsafe class KVCache : IDisposable
{
    private readonly NativeBuffer _buffer;
    private readonly int[] _lengths;
    private readonly int _layerCount;
    private readonly int _headCount;
    private readonly int _headWidth;
    private readonly long _keyCount;
    private readonly long _headStride;

    public KVCache(int slots, int contextLength, LlamaConfig config)
    {
        _lengths = new int[slots];
        _layerCount = config.LayerCount;
        _headCount = config.KVHeadCount;
        _headWidth = config.HeadWidth;
        ContextLength = contextLength;
        ValueStride = (config.HeadWidth + 31) / 32 * 32;
        long positions = (contextLength + Attention.TilePositions - 1) / Attention.TilePositions * Attention.TilePositions;
        _keyCount = positions * _headWidth;
        _headStride = _keyCount + (positions * ValueStride);
        _buffer = new NativeBuffer(checked(slots * _layerCount * _headCount * _headStride * sizeof(ushort)));
    }

    public int ContextLength { get; }

    /// <summary>Halves between the values of two positions: the head width, padded to whole registers.</summary>
    public int ValueStride { get; }

    public long MemoryBytes => _buffer.Bytes;

    public int SlotCount => _lengths.Length;

    /// <summary>Positions that a slot holds.</summary>
    public int Length(int slot) => _lengths[slot];

    public void SetLength(int slot, int length) => _lengths[slot] = length;

    /// <summary>Tiles of keys, shape (tiles, HeadWidth, 16).</summary>
    public ushort* Keys(int slot, int layer, int head) => Head(slot, layer, head);

    /// <summary>Shape (positions, <see cref="ValueStride"/>).</summary>
    public ushort* Values(int slot, int layer, int head) => Head(slot, layer, head) + _keyCount;

    /// <summary>Stores a row's keys and values, rounded to half.</summary>
    /// <param name="keys">Shape (KV heads, HeadWidth).</param>
    /// <param name="values">Shape (KV heads, HeadWidth).</param>
    public void Store(int slot, int layer, int position, float* keys, float* values)
    {
        for (int head = 0; head < _headCount; head++)
        {
            ushort* tile = Keys(slot, layer, head)
                + ((long)(position / Attention.TilePositions) * _headWidth * Attention.TilePositions) + (position % Attention.TilePositions);
            ushort* row = Values(slot, layer, head) + ((long)position * ValueStride);
            for (int d = 0; d < _headWidth; d++)
            {
                tile[d * Attention.TilePositions] = HalfBits.FromSingle(*keys++);
                row[d] = HalfBits.FromSingle(*values++);
            }
        }
    }

    /// <summary>Makes the first positions of a slot those of another.</summary>
    public void Copy(int source, int target, int length)
    {
        long keyBytes = (long)(length + Attention.TilePositions - 1) / Attention.TilePositions * Attention.TilePositions * _headWidth * sizeof(ushort);
        long valueBytes = (long)length * ValueStride * sizeof(ushort);
        for (int layer = 0; layer < _layerCount; layer++)
        {
            for (int head = 0; head < _headCount; head++)
            {
                Buffer.MemoryCopy(Keys(source, layer, head), Keys(target, layer, head), keyBytes, keyBytes);
                Buffer.MemoryCopy(Values(source, layer, head), Values(target, layer, head), valueBytes, valueBytes);
            }
        }

        _lengths[target] = length;
    }

    public void Dispose() => _buffer.Dispose();

    private ushort* Head(int slot, int layer, int head) =>
        (ushort*)_buffer.Pointer + (((((long)slot * _layerCount) + layer) * _headCount) + head) * _headStride;
}
