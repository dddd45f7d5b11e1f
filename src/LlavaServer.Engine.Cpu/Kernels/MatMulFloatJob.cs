using System.Numerics;
using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// One float matrix product, or up to three that share their activations and lie side by side in C. A part is a chunk of panels by a chunk of
/// rows.
/// </summary>
internal unsafe struct MatMulFloatJob : IWorkerJob
{
    /// <summary>Packed activations, see <see cref="MatMulFloat.GroupAddress"/>.</summary>
    public float* Activations;

    public int RowGroups;
    public int Depth;

    /// <summary>Weights of (Outputs, Depth) each; all but the last fill whole panels of C (their outputs padded to 32).</summary>
    public WeightTriple Weights;

    public int WeightCount;

    /// <summary>Biases, each padded to whole panels, or 0.</summary>
    public AddressTriple Biases;

    /// <summary>Result, shape (RowGroups · 12, panels · 32), rows apart by <see cref="Stride"/> floats.</summary>
    public float* C;

    public nint Stride;

    /// <summary>Adds to what C holds: the residual connection.</summary>
    public bool Accumulate;

    public VisionActivation Activation;

    internal WorkerPool Pool;
    internal int ChunkPanels;
    internal int RowChunks;
    internal int Panels;
    internal float* Scratch;
    internal long ScratchStride;

    public readonly int PanelsOf(int weight) => MatMulFloat.PaddedColumns(Weights[weight].Outputs) / MatMulFloatTile.Columns;

    public readonly void Execute(int part, int worker)
    {
        int firstPanel = part / RowChunks * ChunkPanels;
        int chunk = part % RowChunks;
        int firstGroup = (int)((long)RowGroups * chunk / RowChunks);
        int endGroup = (int)((long)RowGroups * (chunk + 1) / RowChunks);
        float* panel = Scratch + worker * (nint)ScratchStride;
        Multiply(firstPanel, Math.Min(firstPanel + ChunkPanels, Panels), firstGroup, endGroup, panel);
    }

    // A depth block of all activations stays in the second-level cache while the chunk's panels pass by.
    private readonly void Multiply(int firstPanel, int endPanel, int firstGroup, int endGroup, float* panel)
    {
        float* rows = panel + MatMulFloat.DepthBlock * MatMulFloatTile.Columns;
        for (int start = 0; start < Depth; start += MatMulFloat.DepthBlock)
        {
            int blockDepth = Math.Min(MatMulFloat.DepthBlock, Depth - start);
            bool isLast = start + blockDepth == Depth;
            for (int index = firstPanel; index < endPanel; index++)
            {
                // Some 10 MFLOP for a ViT-L: a tenth of a millisecond.
                Pool.GiveWay();
                (int weight, int local) = Locate(index);
                int column = local * MatMulFloatTile.Columns;
                MatMulFloat.PackPanel(in Weights[weight], column, start, blockDepth, panel, rows);
                float* bias = Biases[weight] == 0 ? null : (float*)Biases[weight] + column;
                for (int group = firstGroup; group < endGroup; group++)
                {
                    float* a = MatMulFloat.GroupAddress(Activations, RowGroups, Depth, start, group);
                    float* c = C + group * MatMulFloatTile.Rows * Stride + (nint)index * MatMulFloatTile.Columns;
                    MatMulFloatTile.Multiply(a, panel, blockDepth, c, Stride, Accumulate || start > 0);
                    if (isLast)
                    {
                        Finish(c, bias);
                    }
                }
            }
        }
    }

    private readonly (int Weight, int Panel) Locate(int index)
    {
        for (int weight = 0; ; weight++)
        {
            int panels = PanelsOf(weight);
            if (index < panels)
            {
                return (weight, index);
            }

            index -= panels;
        }
    }

    private readonly void Finish(float* c, float* bias)
    {
        for (int row = 0; row < MatMulFloatTile.Rows; row++, c += Stride)
        {
            if (bias is not null)
            {
                for (int i = 0; i < MatMulFloatTile.Columns; i += Vector<float>.Count)
                {
                    (Vector.Load(c + i) + Vector.Load(bias + i)).Store(c + i);
                }
            }

            Gelu.Apply(Activation, c, MatMulFloatTile.Columns);
        }
    }

    /// <summary>The weights of up to three products.</summary>
    [InlineArray(3)]
    public struct WeightTriple
    {
        private WeightMatrix _first;
    }

    /// <summary>Addresses of float vectors.</summary>
    [InlineArray(3)]
    public struct AddressTriple
    {
        private nint _first;
    }
}
