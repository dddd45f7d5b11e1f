using Microsoft.Win32.SafeHandles;

namespace LlavaServer.Models.Gguf;

/// <summary>One tensor of a <see cref="GgufSource"/>, which owns the file. Immutable, any thread.</summary>
internal sealed class GgufSourceTensor(GgufTensorInfo info, SafeFileHandle handle, long begin)
{
    private const int ChunkBytes = 4 << 20;

    public string Name => info.Name;

    public TensorType Type => info.Type;

    /// <summary>Elements per dimension, innermost first.</summary>
    public long[] Shape => info.Shape;

    public long ElementCount => info.ElementCount;

    public long ByteCount => info.ByteCount;

    /// <summary>Reads data from an offset inside the tensor.</summary>
    /// <exception cref="GgufException">The file became shorter.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + destination.Length, ByteCount);
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(handle, destination, begin + offset);
            destination = read > 0 ? destination[read..] : throw new GgufException("data: the file became shorter while it was read");
            offset += read;
        }
    }

    /// <summary>Writes all data to a stream.</summary>
    /// <param name="stream">Receives it.</param>
    /// <param name="check">Sees whole blocks before they are written, and throws.</param>
    /// <param name="advanced">Called with bytes that are done.</param>
    /// <param name="cancellationToken">Stops between pieces.</param>
    public void CopyTo(Stream stream, Action<ReadOnlySpan<byte>>? check, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var buffer = new byte[(int)Math.Min(ChunkBytes - (ChunkBytes % TensorTypes.BlockBytes(Type)), ByteCount)];
        for (long position = 0; position < ByteCount; position += buffer.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, ByteCount - position));
            Read(position, piece);
            check?.Invoke(piece);
            stream.Write(piece);
            advanced?.Invoke(piece.Length);
        }
    }
}
