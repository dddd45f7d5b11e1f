using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// A panel of 16 weight rows, block by block, so that a lane of a register belongs to one row and holds four consecutive weights. A narrower register
/// takes a part of the 16 rows from the same layout.
/// </summary>
internal unsafe interface IPanelFormat
{
    /// <summary>Elements of a block along the row.</summary>
    static abstract int Elements { get; }

    /// <summary>Bytes of a block in the file.</summary>
    static abstract int FileBytes { get; }

    /// <summary>Bytes of 16 interleaved blocks.</summary>
    static abstract int PanelBytes { get; }

    /// <summary>Interleaves one block of a row; the panel was zero.</summary>
    /// <param name="block">As in the file.</param>
    /// <param name="panel">16 interleaved blocks.</param>
    /// <param name="row">0 to 15.</param>
    static abstract void Pack(byte* block, byte* panel, int row);

    /// <summary>Rows <paramref name="lane"/> to <c>lane + L.Count - 1</c> of a panel times one activation row.</summary>
    /// <param name="panel">First block.</param>
    /// <param name="output">Shape (16).</param>
    static abstract void Dot1<L, TF, TI>(byte* panel, in PanelInput input, int column, int lane, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct;

    /// <summary>As <see cref="Dot1{L,TF,TI}"/> for four activation rows.</summary>
    /// <param name="columns">Four numbers of activation rows.</param>
    /// <param name="output">Shape (4, 16).</param>
    static abstract void Dot4<L, TF, TI>(byte* panel, in PanelInput input, int* columns, int lane, float* output)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct;
}
