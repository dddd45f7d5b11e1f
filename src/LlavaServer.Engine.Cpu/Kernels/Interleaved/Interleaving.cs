using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// Copies weights into panels of 16 interleaved rows for the types that have such kernels, in parallel, once at load.
/// </summary>
internal static unsafe class Interleaving
{
    // Enough for any number of threads to share evenly, few enough that a part is worth its claim.
    private const int MaxParts = 256;

    /// <summary>The copy, or null for a type whose products read the file's layout.</summary>
    /// <exception cref="OutOfMemoryException">No memory for the copy.</exception>
    public static NativeBuffer? Pack(TensorType type, byte* rows, int rowCount, int width, WorkerPool workers) => type switch
    {
        TensorType.Q4_0 => Pack<NibblePanel<Q4_0Type>>(rows, rowCount, width, workers),
        TensorType.Q4_1 => Pack<NibblePanel<Q4_1Type>>(rows, rowCount, width, workers),
        TensorType.Q5_0 => Pack<NibblePanel<Q5_0Type>>(rows, rowCount, width, workers),
        TensorType.Q5_1 => Pack<NibblePanel<Q5_1Type>>(rows, rowCount, width, workers),
        TensorType.Q8_0 => Pack<Q8_0Panel>(rows, rowCount, width, workers),
        TensorType.Q4_K => Pack<KNibblePanel<Q4_1Type>>(rows, rowCount, width, workers),
        TensorType.Q5_K => Pack<KNibblePanel<Q5_1Type>>(rows, rowCount, width, workers),
        TensorType.Q6_K => Pack<Q6_KPanel>(rows, rowCount, width, workers),
        _ => null,
    };

    private static NativeBuffer Pack<TPanel>(byte* rows, int rowCount, int width, WorkerPool workers)
        where TPanel : struct, IPanelFormat
    {
        int panels = (rowCount + WeightRows.PanelRows - 1) / WeightRows.PanelRows;
        var buffer = new NativeBuffer((long)panels * (width / TPanel.Elements) * TPanel.PanelBytes);
        int parts = Math.Min(panels, MaxParts);
        workers.Run(new PackJob<TPanel>(rows, rowCount, width, buffer.Pointer, panels, parts), parts);
        return buffer;
    }

    private readonly struct PackJob<TPanel>(byte* rows, int rowCount, int width, byte* destination, int panels, int parts) : IWorkerJob
        where TPanel : struct, IPanelFormat
    {
        public void Execute(int part, int worker)
        {
            int blocks = width / TPanel.Elements;
            long panelBytes = (long)blocks * TPanel.PanelBytes;
            int end = (int)((long)panels * (part + 1) / parts);
            for (int panel = (int)((long)panels * part / parts); panel < end; panel++)
            {
                byte* target = destination + (panel * panelBytes);
                new Span<byte>(target, checked((int)panelBytes)).Clear();
                int firstRow = panel * WeightRows.PanelRows;
                int count = Math.Min(WeightRows.PanelRows, rowCount - firstRow);
                for (int block = 0; block < blocks; block++)
                {
                    for (int row = 0; row < count; row++)
                    {
                        byte* source = rows + ((((long)(firstRow + row) * blocks) + block) * TPanel.FileBytes);
                        TPanel.Pack(source, target + ((long)block * TPanel.PanelBytes), row);
                    }
                }
            }
        }
    }
}
