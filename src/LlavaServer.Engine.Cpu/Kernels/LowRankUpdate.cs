using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// What adapters add to the products of one matrix: <c>up(down(x))</c> with few values in between, in F32, the adapters' scales multiplied in. Several
/// adapters of one matrix stand behind each other. Immutable; owned by the matrix. (LoRA: Hu et al., 2021, arXiv:2106.09685.)
/// </summary>
internal sealed unsafe class LowRankUpdate : IDisposable
{
    private readonly NativeBuffer _down;
    private readonly NativeBuffer _up;
    private readonly int _width;
    private readonly int _rows;

    /// <param name="rank">Values in between.</param>
    /// <param name="width">Values of an input row.</param>
    /// <param name="rows">Values of an output row.</param>
    public LowRankUpdate(int rank, int width, int rows)
    {
        Rank = rank;
        _width = width;
        _rows = rows;
        _down = new NativeBuffer((long)rank * width * sizeof(float));
        _up = new NativeBuffer((long)rank * rows * sizeof(float));
    }

    public int Rank { get; }

    public long Bytes => _down.Bytes + _up.Bytes;

    /// <summary>Shape (Rank, width).</summary>
    public float* Down => _down.Floats;

    /// <summary>Shape (Rank, rows): one value in between adds a multiple of one row to an output.</summary>
    public float* Up => _up.Floats;

    /// <summary>The values in between of one input row.</summary>
    public void Project(float* input, float* projected)
    {
        for (int i = 0; i < Rank; i++)
        {
            projected[i] = Vectors.Dot(Down + ((long)i * _width), input, _width);
        }
    }

    /// <summary>Adds to the outputs from <paramref name="first"/> on.</summary>
    /// <param name="output">The first of them.</param>
    /// <param name="projected">Of <see cref="Project"/>.</param>
    public void AddTo(float* output, float* projected, int first, int count)
    {
        for (int i = 0; i < Rank; i++)
        {
            Vectors.AddScaled(output, Up + ((long)i * _rows) + first, projected[i], count);
        }
    }

    public void Dispose()
    {
        _down.Dispose();
        _up.Dispose();
    }
}
