using System.Runtime.InteropServices;

namespace LlavaServer.Engine.Tests.Vision.Kernels;

/// <summary>Native floats between two zones of a fixed pattern; <see cref="Dispose"/> fails the test when a kernel wrote into one.</summary>
internal sealed unsafe class FloatBuffer : IDisposable
{
    private const int Zone = 64;
    private const float Sentinel = -98765.25f;

    private readonly float* _start;

    public FloatBuffer(int length)
    {
        Length = length;
        _start = (float*)NativeMemory.AlignedAlloc((nuint)(length + 2 * Zone) * sizeof(float), 64);
        new Span<float>(_start, length + 2 * Zone).Fill(Sentinel);
    }

    public FloatBuffer(ReadOnlySpan<float> values)
        : this(values.Length) => values.CopyTo(Span);

    public int Length { get; }

    public float* Pointer => _start + Zone;

    public Span<float> Span => new(Pointer, Length);

    public static FloatBuffer Random(int length, ulong seed, float scale = 1)
    {
        var buffer = new FloatBuffer(length);
        var random = new SplitMix(seed);
        foreach (ref float value in buffer.Span)
        {
            value = scale * random.NextNormal();
        }

        return buffer;
    }

    public void Dispose()
    {
        bool isIntact = true;
        for (int i = 0; i < Zone; i++)
        {
            isIntact &= _start[i] == Sentinel && _start[Zone + Length + i] == Sentinel;
        }

        NativeMemory.AlignedFree(_start);
        Assert.True(isIntact, "a kernel wrote outside its buffer");
    }
}
