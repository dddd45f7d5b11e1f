using System.Runtime.InteropServices;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>
/// Unmanaged memory of one native batch, filled again for every step without allocation. Owned by the engine, used by the thread that runs it.
/// </summary>
internal sealed unsafe class NativeRows : IDisposable
{
    private readonly int _capacity;
    private readonly int _width;
    private readonly int* _tokens;
    private readonly int* _positions;
    private readonly int* _counts;
    private readonly int* _ids;
    private readonly int** _sequences;
    private readonly byte* _wantsOutput;
    private float* _embeddings;

    /// <param name="capacity">Rows.</param>
    /// <param name="width">Floats of an image row.</param>
    public NativeRows(int capacity, int width)
    {
        _capacity = capacity;
        _width = width;
        _tokens = Allocate<int>(capacity);
        _positions = Allocate<int>(capacity);
        _counts = Allocate<int>(capacity);
        _ids = Allocate<int>(capacity);
        _sequences = (int**)Allocate<nint>(capacity);
        _wantsOutput = Allocate<byte>(capacity);
        for (var i = 0; i < capacity; i++)
        {
            _counts[i] = 1;
            _sequences[i] = _ids + i;
        }
    }

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    /// <summary>Appends a token and returns its row.</summary>
    public int AddToken(int sequence, int position, int token, bool wantsOutput)
    {
        _tokens[Count] = token;
        return Add(sequence, position, wantsOutput);
    }

    /// <summary>Appends a row of a picture, shape (width), and returns its row.</summary>
    public int AddImageRow(int sequence, int position, ReadOnlySpan<float> values, bool wantsOutput)
    {
        if (_embeddings == null)
        {
            _embeddings = Allocate<float>(checked(_capacity * _width));
        }

        values.CopyTo(new Span<float>(_embeddings + ((nint)Count * _width), _width));
        return Add(sequence, position, wantsOutput);
    }

    /// <summary>The rows as llama.cpp takes them; valid until the next change.</summary>
    /// <param name="areImages">Rows of pictures, else tokens.</param>
    /// <param name="all">Every row has an output, as embeddings demand.</param>
    public NativeBatch ToBatch(bool areImages, bool all)
    {
        if (all)
        {
            new Span<byte>(_wantsOutput, Count).Fill(1);
        }

        return new NativeBatch
        {
            Count = Count,
            Tokens = areImages ? null : _tokens,
            Embeddings = areImages ? _embeddings : null,
            Positions = _positions,
            SequenceCounts = _counts,
            Sequences = _sequences,
            WantsOutput = _wantsOutput,
        };
    }

    public void Dispose()
    {
        NativeMemory.Free(_tokens);
        NativeMemory.Free(_positions);
        NativeMemory.Free(_counts);
        NativeMemory.Free(_ids);
        NativeMemory.Free(_sequences);
        NativeMemory.Free(_wantsOutput);
        NativeMemory.Free(_embeddings);
        _embeddings = null;
    }

    private static T* Allocate<T>(int count)
        where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));

    private int Add(int sequence, int position, bool wantsOutput)
    {
        _ids[Count] = sequence;
        _positions[Count] = position;
        _wantsOutput[Count] = wantsOutput ? (byte)1 : (byte)0;
        return Count++;
    }
}
