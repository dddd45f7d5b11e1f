using System.Runtime.InteropServices;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// A block of native float memory, cleared and aligned to a cache line, cut into pieces once at load. Owned by the encoder; freed by
/// <see cref="Dispose"/> or, if the owner was lost, by the finalizer.
/// </summary>
internal sealed unsafe class FloatMemory : IDisposable
{
    private const int Alignment = 64;
    private const int AlignedFloats = Alignment / sizeof(float);

    private float* _start;
    private long _used;

    public FloatMemory(long floats)
    {
        Capacity = floats;
        _start = (float*)NativeMemory.AlignedAlloc(checked((nuint)(floats * sizeof(float))), Alignment);
        NativeMemory.Clear(_start, (nuint)(floats * sizeof(float)));
        GC.AddMemoryPressure(Bytes);
    }

    ~FloatMemory() => Free();

    public long Capacity { get; }

    public long Bytes => Capacity * sizeof(float);

    /// <summary>Floats that a piece of <paramref name="floats"/> takes.</summary>
    public static long Rounded(long floats) => checked((floats + AlignedFloats - 1) / AlignedFloats * AlignedFloats);

    /// <summary>Next piece, aligned to a cache line.</summary>
    public float* Take(long floats)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_used + Rounded(floats), Capacity, nameof(floats));
        float* piece = _start + _used;
        _used += Rounded(floats);
        return piece;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_start is not null)
        {
            NativeMemory.AlignedFree(_start);
            GC.RemoveMemoryPressure(Bytes);
            _start = null;
        }
    }
}
