using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LlavaServer.Models.Gguf;

/// <summary>
/// Little-endian cursor over a stream of known length. Every read checks the bytes left before it allocates. Used by one thread while a header is parsed.
/// </summary>
internal sealed class GgufStreamReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly Stream stream;
    private readonly byte[] buffer = new byte[32 * 1024];
    private int start;
    private int end;
    private long strings;

    public GgufStreamReader(Stream stream, long length)
    {
        this.stream = stream;
        Length = length;
    }

    public long Length { get; }

    public long Position { get; private set; }

    public long Remaining => Length - Position;

    public uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong ReadUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    public long ReadInt64(string what) => BinaryPrimitives.ReadInt64LittleEndian(Take(8, what));

    public T Read<T>(string what)
        where T : unmanaged => MemoryMarshal.Read<T>(Take(Marshal.SizeOf<T>(), what));

    public string ReadString(string what, long maxBytes, bool strictUtf8)
    {
        if (++strings > GgufLimits.MaxStrings)
        {
            throw new GgufException($"{what}: more than {GgufLimits.MaxStrings} strings in the file");
        }

        var declared = ReadUInt64(what);
        if (declared > (ulong)Remaining)
        {
            throw new GgufException($"{what}: string of {declared} bytes at offset {Position} exceeds the {Remaining} bytes left in the file");
        }

        if (declared > (ulong)maxBytes)
        {
            throw new GgufException($"{what}: string of {declared} bytes is longer than the limit of {maxBytes}");
        }

        var length = (int)declared;
        var bytes = length <= buffer.Length ? Take(length, what) : ReadLong(length, what);
        try
        {
            return strictUtf8 ? StrictUtf8.GetString(bytes) : Encoding.UTF8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new GgufException($"{what}: text at offset {Position - length} is not valid UTF-8");
        }
    }

    public T[] ReadArray<T>(string what, ulong count)
        where T : unmanaged
    {
        var size = Marshal.SizeOf<T>();
        CheckArray(what, count, size);
        var values = new T[(int)count];
        ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()), what);
        return values;
    }

    /// <summary>Refuses an array whose elements, at least <paramref name="size"/> bytes each, cannot be in the rest of the file.</summary>
    public void CheckArray(string what, ulong count, int size)
    {
        if (count > (ulong)Remaining / (ulong)size)
        {
            throw new GgufException($"{what}: array of {count} elements at offset {Position} exceeds the {Remaining} bytes left in the file");
        }

        if (count > (ulong)(GgufLimits.MaxMetadataBytes / size))
        {
            throw new GgufException($"{what}: array of {count} elements exceeds the metadata limit of {GgufLimits.MaxMetadataBytes} bytes");
        }
    }

    private byte[] ReadLong(int length, string what)
    {
        var bytes = new byte[length];
        ReadExactly(bytes, what);
        return bytes;
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Remaining)
        {
            throw Truncated(what);
        }

        if (end - start < count)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
            while (end < count)
            {
                var read = stream.Read(buffer, end, buffer.Length - end);
                end += read > 0 ? read : throw Truncated(what);
            }
        }

        var span = buffer.AsSpan(start, count);
        start += count;
        Position += count;
        return span;
    }

    private void ReadExactly(Span<byte> destination, string what)
    {
        if (destination.Length > Remaining)
        {
            throw Truncated(what);
        }

        Position += destination.Length;
        var buffered = Math.Min(destination.Length, end - start);
        buffer.AsSpan(start, buffered).CopyTo(destination);
        start += buffered;
        destination = destination[buffered..];
        while (destination.Length > 0)
        {
            var read = stream.Read(destination);
            destination = read > 0 ? destination[read..] : throw Truncated(what);
        }
    }

    private GgufException Truncated(string what) => new($"{what}: the file ends early, at offset {Position} of {Length} bytes");
}
