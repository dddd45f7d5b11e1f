using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Cpu.Kernels.Interleaved;

/// <summary>
/// Products of interleaved panels with quantized activation rows, four at a time or one. One row has the same bits either way.
/// </summary>
internal static unsafe class PanelProduct
{
    /// <summary>Panels <paramref name="firstPanel"/> to <paramref name="endPanel"/> times activation rows.</summary>
    /// <param name="activations">In the weights' form.</param>
    /// <param name="firstColumn">First activation row; it becomes row 0 of the output.</param>
    /// <param name="columns">Activation rows.</param>
    /// <param name="output">Shape (columns, stride); element (c, r) is written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TPanel, L, TF, TI>(
        WeightRows weights, QuantizedRows activations, int firstColumn, int columns, float* output, int stride, int firstPanel, int endPanel)
        where TPanel : struct, IPanelFormat
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        var input = new PanelInput(activations, weights.Width);
        float* tile = stackalloc float[4 * WeightRows.PanelRows];
        int* four = stackalloc int[4];
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            byte* blocks = weights.Panels + (panel * weights.PanelBytes);
            int firstRow = panel * WeightRows.PanelRows;
            int rows = Math.Min(WeightRows.PanelRows, weights.Rows - firstRow);
            for (int column = 0; column < columns; column += 4)
            {
                int count = Math.Min(4, columns - column);
                for (int lane = 0; lane < WeightRows.PanelRows; lane += L.Count)
                {
                    // Two rows apart cost less than four together, three do not; the panel is in the first-level cache after the first.
                    if (count <= 2)
                    {
                        for (int c = 0; c < count; c++)
                        {
                            TPanel.Dot1<L, TF, TI>(blocks, input, firstColumn + column + c, lane, tile + (c * WeightRows.PanelRows));
                        }

                        continue;
                    }

                    // Missing columns repeat the last; their results are dropped.
                    for (int c = 0; c < 4; c++)
                    {
                        four[c] = firstColumn + column + Math.Min(c, count - 1);
                    }

                    TPanel.Dot4<L, TF, TI>(blocks, input, four, lane, tile);
                }

                for (int c = 0; c < count; c++)
                {
                    new ReadOnlySpan<float>(tile + (c * WeightRows.PanelRows), rows)
                        .CopyTo(new Span<float>(output + ((long)(column + c) * stride) + firstRow, rows));
                }
            }
        }
    }
}
