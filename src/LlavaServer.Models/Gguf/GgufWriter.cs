using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LlavaServer.Models.Gguf;

/// <summary>
/// Collects metadata and tensors and writes a GGUF v3 file. Tensor data is asked for while writing, in the order the tensors were added, so a model
/// larger than memory can be written. Used by one thread.
/// </summary>
public sealed class GgufWriter
{
    private readonly OrderedDictionary<string, object> metadata = new(StringComparer.Ordinal);
    private readonly List<Entry> tensors = [];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private uint alignment = GgufLimits.DefaultAlignment;

    /// <summary>Start of every tensor is a multiple of this many bytes; a power of two. Written to the file when it is not 32.</summary>
    public uint Alignment
    {
        get => alignment;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(uint.IsPow2(value) && value <= GgufLimits.MaxAlignment, true, nameof(value));
            alignment = value;
            metadata["general.alignment"] = value;
        }
    }

    /// <summary>Bytes of all tensors, without header and padding.</summary>
    public long TensorBytes => tensors.Sum(static tensor => tensor.Bytes);

    public void AddString(string key, string value) => Add(key, value);

    public void AddBoolean(string key, bool value) => Add(key, value);

    public void AddUInt16(string key, ushort value) => Add(key, value);

    public void AddUInt32(string key, uint value) => Add(key, value);

    public void AddInt32(string key, int value) => Add(key, value);

    public void AddUInt64(string key, ulong value) => Add(key, value);

    public void AddFloat32(string key, float value) => Add(key, value);

    public void AddStrings(string key, string[] values) => Add(key, values);

    public void AddInt32s(string key, int[] values) => Add(key, values);

    public void AddUInt32s(string key, uint[] values) => Add(key, values);

    public void AddFloat32s(string key, float[] values) => Add(key, values);

    public void AddBooleans(string key, bool[] values) => Add(key, values);

    /// <summary>Adds or replaces a value as <see cref="GgufMetadata.GetValue"/> returns it: a scalar, a string, or an array of them.</summary>
    public void SetValue(string key, object value)
    {
        GgufValueWriter.CheckType(value);
        if (key == "general.alignment")
        {
            Alignment = (uint)value;
            return;
        }

        metadata[key] = value;
    }

    /// <summary>Removes a key if it is there; a key that is added again comes last.</summary>
    public void Remove(string key) => metadata.Remove(key);

    /// <summary>Takes every key of another file, replacing what is there.</summary>
    public void CopyMetadata(GgufMetadata source)
    {
        foreach (var key in source.Keys)
        {
            SetValue(key, source.GetValue(key));
        }
    }

    /// <summary>
    /// Adds a tensor. <paramref name="write"/> is called once per written file and must write exactly the bytes that type and shape ask for.
    /// </summary>
    /// <param name="name">At most 63 bytes, not used before.</param>
    /// <param name="type">Storage type.</param>
    /// <param name="shape">Elements per dimension, innermost first; 1 to 4 dimensions.</param>
    /// <param name="write">Writes the data.</param>
    public void AddTensor(string name, TensorType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(name), GgufLimits.MaxTensorNameBytes, nameof(name));
        ArgumentOutOfRangeException.ThrowIfZero(shape.Length, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shape.Length, GgufLimits.MaxDimensions, nameof(shape));
        var bytes = TensorTypes.RowBytes(type, shape[0]);
        foreach (var length in shape[1..])
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(shape));
            bytes = checked(bytes * length);
        }

        if (!names.Add(name))
        {
            throw new ArgumentException($"Tensor {name} was added before.", nameof(name));
        }

        tensors.Add(new Entry(name, type, shape.ToArray(), bytes, write));
    }

    /// <summary>Adds a tensor whose bytes are in memory.</summary>
    public void AddTensor(string name, TensorType type, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> data) =>
        AddTensor(name, type, shape, stream => stream.Write(data.Span));

    /// <summary>Adds an F32 tensor.</summary>
    public void AddTensor(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<float> data) =>
        AddTensor(name, TensorType.F32, shape, stream => stream.Write(MemoryMarshal.AsBytes(data.Span)));

    /// <summary>Writes to a temporary file beside <paramref name="path"/> and renames it, so that a reader never sees half a model.</summary>
    public void Write(string path)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20))
            {
                Write(stream);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes the file to a stream that counts its position from the start of the file.</summary>
    public void Write(Stream stream)
    {
        using var counted = new CountingStream(stream);
        WriteHeader(counted);
        foreach (var tensor in tensors)
        {
            var begin = counted.Count;
            tensor.Write(counted);
            if (counted.Count - begin != tensor.Bytes)
            {
                throw new InvalidOperationException($"Tensor {tensor.Name}: {counted.Count - begin} bytes were written, {tensor.Bytes} are needed.");
            }

            Pad(counted);
        }
    }

    private void WriteHeader(CountingStream stream)
    {
        stream.Write("GGUF"u8);
        WriteNumber(stream, 3u);
        WriteNumber(stream, (long)tensors.Count);
        WriteNumber(stream, (long)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            GgufValueWriter.WriteString(stream, key);
            GgufValueWriter.Write(stream, value);
        }

        long offset = 0;
        foreach (var tensor in tensors)
        {
            GgufValueWriter.WriteString(stream, tensor.Name);
            WriteNumber(stream, (uint)tensor.Shape.Length);
            foreach (var length in tensor.Shape)
            {
                WriteNumber(stream, length);
            }

            WriteNumber(stream, (uint)tensor.Type);
            WriteNumber(stream, offset);
            offset = checked(offset + tensor.Bytes + alignment - 1) & -(long)alignment;
        }

        Pad(stream);
    }

    private void Pad(CountingStream stream)
    {
        var padding = (int)(-stream.Count & (alignment - 1));
        stream.Write(new byte[padding]);
    }

    private void Add(string key, object value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!metadata.TryAdd(key, value))
        {
            throw new ArgumentException($"Key {key} was added before.", nameof(key));
        }
    }

    private static void WriteNumber(Stream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteNumber(Stream stream, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private sealed record Entry(string Name, TensorType Type, long[] Shape, long Bytes, Action<Stream> Write);

    /// <summary>Counts what is written, because a tensor's writer gets the stream itself.</summary>
    private sealed class CountingStream(Stream inner) : Stream
    {
        public long Count { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Count;

        public override long Position
        {
            get => Count;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            Count += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
