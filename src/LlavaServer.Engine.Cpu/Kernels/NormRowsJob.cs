using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>Layer norm and then an activation over rows in place, 12 rows a part.</summary>
internal readonly unsafe struct NormRowsJob : IWorkerJob
{
    /// <summary>Shape (Rows, Width), rows apart by <see cref="Stride"/> floats.</summary>
    public required float* Values { get; init; }

    public required nint Stride { get; init; }

    public required int Rows { get; init; }

    public required int Width { get; init; }

    public required float* Weight { get; init; }

    public required float* Bias { get; init; }

    public required float Epsilon { get; init; }

    public VisionActivation Activation { get; init; }

    public int Parts => MatMulFloat.RowGroups(Rows);

    public void Execute(int part, int worker)
    {
        int end = Math.Min(Rows, (part + 1) * MatMulFloatTile.Rows);
        for (int row = part * MatMulFloatTile.Rows; row < end; row++)
        {
            float* values = Values + row * Stride;
            LayerNorm.Apply(values, Weight, Bias, values, Width, Epsilon);
            Gelu.Apply(Activation, values, Width);
        }
    }
}
