using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Activation rows quantized to bytes, with what the kernels need beside them. Every array has one stride for all rows; lengths are in elements of
/// the row. Owned by <see cref="Activations"/>.
/// </summary>
internal sealed unsafe class QuantizedRows : IDisposable
{
    private readonly NativeBuffer _buffer;

    /// <param name="rows">Rows that fit.</param>
    /// <param name="width">Widest row, in elements.</param>
    public QuantizedRows(int rows, int width)
    {
        // Whole blocks of 256, so that every array stays aligned to a cache line.
        Stride = (width + 255) / 256 * 256;
        long elements = (long)rows * Stride;
        _buffer = new NativeBuffer((elements * 3) + (elements / 32 * 8) + (elements / 16 * 8));
        Bytes = (sbyte*)_buffer.Pointer;
        Shorts = (short*)(Bytes + elements);
        Scales = (float*)(Shorts + elements);
        BlockSums = (int*)(Scales + (elements / 32));
        GroupSums = BlockSums + (elements / 32);
        ScaledSums = (float*)(GroupSums + (elements / 16));
    }

    public int Stride { get; }

    public long MemoryBytes => _buffer.Bytes;

    /// <summary>Shape (rows, width).</summary>
    public sbyte* Bytes { get; }

    /// <summary>The same numbers as shorts, shape (rows, width).</summary>
    public short* Shorts { get; }

    /// <summary>Scale of every 32 elements, shape (rows, width / 32).</summary>
    public float* Scales { get; }

    /// <summary>Sum of every 32 quantized elements, shape (rows, width / 32).</summary>
    public int* BlockSums { get; }

    /// <summary>Sum of every 16 quantized elements, shape (rows, width / 16).</summary>
    public int* GroupSums { get; }

    /// <summary>Sum times scale of every 16 elements, to be multiplied by a weight block's addends, shape (rows, width / 16).</summary>
    public float* ScaledSums { get; }

    public void Dispose() => _buffer.Dispose();
}
