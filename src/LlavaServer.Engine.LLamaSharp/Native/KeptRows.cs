using System.Runtime.InteropServices;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>
/// Copies of results that the next native batch of the same step would overwrite. Grows to the most that a step ever needed. Owned by the engine, used by
/// the thread that runs it.
/// </summary>
/// <param name="width">Floats of a row.</param>
internal sealed unsafe class KeptRows(int width) : IDisposable
{
    private readonly List<nint> _rows = [];
    private int _used;

    public void Clear() => _used = 0;

    /// <summary>Copies a row; its address stays until the next <see cref="Clear"/>.</summary>
    public nint Add(float* values)
    {
        if (_used == _rows.Count)
        {
            _rows.Add((nint)NativeMemory.Alloc((nuint)width, sizeof(float)));
        }

        var row = _rows[_used++];
        new ReadOnlySpan<float>(values, width).CopyTo(new Span<float>((float*)row, width));
        return row;
    }

    public void Dispose()
    {
        foreach (var row in _rows)
        {
            NativeMemory.Free((void*)row);
        }

        _rows.Clear();
    }
}
