namespace LlavaServer.Models.Gguf;

/// <summary>
/// One tensor of an open <see cref="GgufFile"/>. The file owns the data; <see cref="Address"/> is valid until it is disposed. Immutable, any thread.
/// </summary>
public sealed class GgufTensor
{
    private readonly long[] shape;

    internal GgufTensor(GgufTensorInfo info, nint address)
    {
        Name = info.Name;
        Type = info.Type;
        shape = info.Shape;
        ElementCount = info.ElementCount;
        ByteCount = info.ByteCount;
        Address = address;
    }

    public string Name { get; }

    public TensorType Type { get; }

    /// <summary>Elements per dimension, innermost (contiguous) first: a weight matrix is [inputs, outputs].</summary>
    public ReadOnlySpan<long> Shape => shape;

    public int DimensionCount => shape.Length;

    public long ElementCount { get; }

    /// <summary>Bytes of data; all of them lie inside the file.</summary>
    public long ByteCount { get; }

    /// <summary>First byte of the data, aligned as the file says (32 bytes by default).</summary>
    public nint Address { get; }

    public unsafe byte* Pointer => (byte*)Address;

    public override string ToString() => $"{Name} {TensorTypes.Name(Type)} [{string.Join(", ", shape)}]";
}
