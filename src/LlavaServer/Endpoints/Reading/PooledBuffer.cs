using System.Buffers;

namespace LlavaServer.Endpoints.Reading;

/// <summary>A growing byte buffer from the shared pool. One owner; <see cref="Detach"/> hands the array on.</summary>
internal sealed class PooledBuffer : IDisposable
{
    private const int FirstBytes = 64 * 1024;
    private byte[]? _array;

    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Written => Array.AsMemory(0, Count);

    private byte[] Array => _array ??= ArrayPool<byte>.Shared.Rent(FirstBytes);

    /// <summary>
    /// Free space of at least one byte. Grows by what really came: double, or at once to <paramref name="announced"/> when an eighth of it is here.
    /// </summary>
    public Memory<byte> Free(long announced)
    {
        var array = Array;
        if (Count == array.Length)
        {
            var doubled = (int)Math.Min(2L * array.Length, System.Array.MaxLength);
            var size = announced > doubled && announced / 8 <= Count ? (int)Math.Min(announced + 1, System.Array.MaxLength) : doubled;
            var larger = ArrayPool<byte>.Shared.Rent(size);
            array.AsSpan(0, Count).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(array);
            _array = array = larger;
        }

        return array.AsMemory(Count);
    }

    public void Advance(int count) => Count += count;

    public byte[] Detach()
    {
        var array = Array;
        _array = null;
        return array;
    }

    public void Dispose()
    {
        if (_array is { } array)
        {
            _array = null;
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
