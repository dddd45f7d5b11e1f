using LlavaServer.Engine.Cpu.Tensors;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Float32 matrix product C (rows, outputs) = A (rows, inputs) · Wᵀ for many rows: A packed once for all threads, W packed panel by panel by the
/// thread that multiplies it. Blocking after Goto and van de Geijn (2008). Run by the one thread that owns the workspace, on its pool.
/// </summary>
internal static unsafe class MatMulFloat
{
    /// <summary>
    /// Elements of a dot product between two visits of a tile of C: a panel of 256 x 32 floats fills the first-level cache of the machines measured,
    /// 256 x 600 activations stay in the second. Also the largest block of the quantized types, so a block is never cut.
    /// </summary>
    public const int DepthBlock = 256;

    // Rows of a panel before transposition lie apart by more than a power of two, or they would fall into few sets of the cache.
    private const int ScratchStride = DepthBlock + 16;

    /// <summary>Floats of scratch that each thread needs.</summary>
    public const int ScratchFloats = (DepthBlock + ScratchStride) * MatMulFloatTile.Columns;

    public static int RowGroups(int rows) => (rows + MatMulFloatTile.Rows - 1) / MatMulFloatTile.Rows;

    public static int PaddedRows(int rows) => RowGroups(rows) * MatMulFloatTile.Rows;

    public static int PaddedColumns(int columns) => (columns + MatMulFloatTile.Columns - 1) / MatMulFloatTile.Columns * MatMulFloatTile.Columns;

    /// <summary>Floats that packed activations take.</summary>
    public static long PackedFloats(int rows, int depth) => (long)PaddedRows(rows) * depth;

    /// <summary>
    /// Start of row group <paramref name="group"/> in depth block <paramref name="start"/> of packed activations: blocks of depth lie one after
    /// another, in each the groups, each of shape (block depth, 12).
    /// </summary>
    public static float* GroupAddress(float* packed, int rowGroups, int depth, int start, int group)
    {
        int blockDepth = Math.Min(DepthBlock, depth - start);
        return packed + ((nint)start * rowGroups + (nint)group * blockDepth) * MatMulFloatTile.Rows;
    }

    /// <summary>Packs up to 12 rows into their group, block by block of depth.</summary>
    public static void PackGroup(float* rows, nint stride, int count, int depth, float* packed, int rowGroups, int group)
    {
        for (int start = 0; start < depth; start += DepthBlock)
        {
            float* destination = GroupAddress(packed, rowGroups, depth, start, group);
            MatMulFloatPacking.Pack(rows + start, stride, count, Math.Min(DepthBlock, depth - start), destination, MatMulFloatTile.Rows);
        }
    }

    /// <summary>
    /// Packs rows from <paramref name="column"/> on of a weight matrix into a panel, shape (depth, 32); columns beyond the matrix become zero.
    /// </summary>
    public static void PackPanel(in WeightMatrix weight, int column, int start, int depth, float* panel, float* scratch)
    {
        int columns = Math.Min(MatMulFloatTile.Columns, weight.Outputs - column);
        for (int i = 0; i < columns; i++)
        {
            weight.ReadRow(column + i, start, depth, scratch + (nint)i * ScratchStride);
        }

        MatMulFloatPacking.Pack(scratch, ScratchStride, columns, depth, panel, MatMulFloatTile.Columns);
    }

    /// <summary>Runs the product of <paramref name="job"/> on the pool, splitting panels, and rows too when there are few panels.</summary>
    /// <param name="pool">Threads to use.</param>
    /// <param name="job">The product; its work split is filled in here.</param>
    /// <param name="scratch">At least <see cref="ScratchFloats"/> for every thread of the pool.</param>
    /// <param name="scratchStride">Floats from one thread's scratch to the next.</param>
    public static void Run(WorkerPool pool, ref MatMulFloatJob job, float* scratch, long scratchStride)
    {
        int panels = 0;
        for (int i = 0; i < job.WeightCount; i++)
        {
            panels += job.PanelsOf(i);
        }

        int threads = pool.ThreadCount;
        job.ChunkPanels = Math.Clamp(panels / (4 * threads), 1, 8);
        int panelChunks = (panels + job.ChunkPanels - 1) / job.ChunkPanels;
        job.RowChunks = Math.Clamp((2 * threads + panelChunks - 1) / panelChunks, 1, job.RowGroups);
        job.Pool = pool;
        job.Panels = panels;
        job.Scratch = scratch;
        job.ScratchStride = scratchStride;
        pool.Run(in job, panelChunks * job.RowChunks);
    }
}
