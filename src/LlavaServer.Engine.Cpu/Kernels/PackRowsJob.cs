using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Packs rows for a product, one group of 12 rows a part, on the way normalising them and rounding them when asked to.
/// </summary>
internal readonly unsafe struct PackRowsJob : IWorkerJob
{
    /// <summary>Shape (Rows, Depth), rows apart by <see cref="Stride"/> floats.</summary>
    public required float* Source { get; init; }

    public required nint Stride { get; init; }

    public required int Rows { get; init; }

    public required int Depth { get; init; }

    /// <summary>See <see cref="MatMulFloat.GroupAddress"/>.</summary>
    public required float* Packed { get; init; }

    /// <summary>12 · Depth floats for every thread.</summary>
    public required float* Scratch { get; init; }

    public required long ScratchStride { get; init; }

    public required ActivationRounding Rounding { get; init; }

    /// <summary>Weight of a layer norm over each row, or null for none.</summary>
    public float* NormWeight { get; init; }

    public float* NormBias { get; init; }

    public float NormEpsilon { get; init; }

    public void Execute(int part, int worker)
    {
        int first = part * MatMulFloatTile.Rows;
        int count = Math.Min(MatMulFloatTile.Rows, Rows - first);
        float* source = Source + first * Stride;
        if (NormWeight is null && Rounding == ActivationRounding.None)
        {
            MatMulFloat.PackGroup(source, Stride, count, Depth, Packed, MatMulFloat.RowGroups(Rows), part);
            return;
        }

        float* rows = Scratch + worker * (nint)ScratchStride;
        for (int row = 0; row < count; row++)
        {
            float* target = rows + (nint)row * Depth;
            if (NormWeight is null)
            {
                new ReadOnlySpan<float>(source + row * Stride, Depth).CopyTo(new Span<float>(target, Depth));
            }
            else
            {
                LayerNorm.Apply(source + row * Stride, NormWeight, NormBias, target, Depth, NormEpsilon);
            }

            ActivationRounder.Round(Rounding, target, Depth);
        }

        MatMulFloat.PackGroup(rows, Depth, count, Depth, Packed, MatMulFloat.RowGroups(Rows), part);
    }
}
