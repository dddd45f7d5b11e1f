using System.Runtime.InteropServices;

namespace LlavaServer.Engine.Cpu.Tensors;

/// <summary>
/// Memory outside the garbage-collected heap, aligned to a cache line, contents undefined. Its pages cost nothing until they are written. Owned by
/// whoever made it.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;

    private void* _address;

    /// <exception cref="OutOfMemoryException">The system refuses that much.</exception>
    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        _address = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), Alignment);
    }

    ~NativeBuffer() => Free();

    public long Bytes { get; }

    public byte* Pointer => (byte*)_address;

    public float* Floats => (float*)_address;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_address);
        _address = null;
    }
}
