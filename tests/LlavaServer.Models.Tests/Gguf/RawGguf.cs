using System.Text;

namespace LlavaServer.Models.Tests.Gguf;

/// <summary>Writes GGUF bytes field by field, right or wrong, and opens them as a file.</summary>
internal sealed class RawGguf
{
    private readonly List<byte> bytes = [];

    public RawGguf(long tensors, long keys, uint version = 3, string magic = "GGUF")
    {
        bytes.AddRange(Encoding.ASCII.GetBytes(magic));
        U32(version).U64((ulong)tensors).U64((ulong)keys);
    }

    public RawGguf Text(string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        return U64((ulong)encoded.Length).Raw(encoded);
    }

    public RawGguf Raw(params byte[] value)
    {
        bytes.AddRange(value);
        return this;
    }

    public RawGguf U32(uint value) => Raw(BitConverter.GetBytes(value));

    public RawGguf U64(ulong value) => Raw(BitConverter.GetBytes(value));

    public RawGguf Key(string name, uint type, params byte[] value) => Text(name).U32(type).Raw(value);

    public RawGguf Tensor(string name, uint type, ulong offset, params long[] shape)
    {
        Text(name).U32((uint)shape.Length);
        foreach (var length in shape)
        {
            U64((ulong)length);
        }

        return U32(type).U64(offset);
    }

    /// <summary>Zeros up to the next multiple of the alignment, then data.</summary>
    public RawGguf Data(int count, int alignment = 32) => Raw(new byte[(-bytes.Count & (alignment - 1)) + count]);

    public byte[] ToArray() => [.. bytes];
}
