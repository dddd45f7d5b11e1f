using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels.Interleaved;
using LlavaServer.Engine.Cpu.Kernels.Quantization;
using LlavaServer.Engine.Cpu.Kernels.Simd;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Products of a weight matrix with activation rows: chooses the kernel for the weights' type and the processor's width, and takes activation rows in
/// chunks that stay in the second-level cache while panels of weights pass by.
/// </summary>
internal static unsafe class MatMul
{
    // Half of a second-level cache of 512 KiB, the smallest on current server cores.
    private const int ChunkBytes = 256 * 1024;

    public static bool Supports(TensorType type) => type
        is TensorType.F32 or TensorType.F16 or TensorType.BF16
        or TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q8_0
        or TensorType.Q2_K or TensorType.Q3_K or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K
        or TensorType.IQ4_NL or TensorType.IQ4_XS;

    /// <summary>Bytes of scratch that one thread needs for weights of this width.</summary>
    public static int ScratchBytes(int width) => UnpackedRows.ScratchBytes(width);

    /// <summary>
    /// Output rows of panels <paramref name="firstPanel"/> to <paramref name="endPanel"/>, 16 each: <c>output[c, r] = weights[r] . activations[c]</c>.
    /// </summary>
    /// <param name="activations">Prepared in the weights' form.</param>
    /// <param name="columns">Activation rows.</param>
    /// <param name="output">Shape (columns, outputStride).</param>
    /// <param name="scratch">Of <see cref="ScratchBytes"/>, this thread's own.</param>
    public static void Multiply(
        WeightRows weights, Activations activations, int columns, float* output, int outputStride, int firstPanel, int endPanel, byte* scratch)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Multiply<Lanes512, Vector512<float>, Vector512<int>>(
                weights, activations, columns, output, outputStride, firstPanel, endPanel, scratch);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Multiply<Lanes256, Vector256<float>, Vector256<int>>(
                weights, activations, columns, output, outputStride, firstPanel, endPanel, scratch);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Multiply<Lanes128, Vector128<float>, Vector128<int>>(
                weights, activations, columns, output, outputStride, firstPanel, endPanel, scratch);
        }
        else
        {
            Multiply<LanesScalar, float, int>(weights, activations, columns, output, outputStride, firstPanel, endPanel, scratch);
        }
    }

    public static void Multiply<L, TF, TI>(
        WeightRows weights, Activations activations, int columns, float* output, int outputStride, int firstPanel, int endPanel, byte* scratch)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        // What a kernel reads of an activation: floats, shorts or bytes.
        int elementBytes = weights.Form is ActivationForms.Single or ActivationForms.Half or ActivationForms.BFloat16 ? 4
            : weights.Panels == null || weights.Type == TensorType.Q8_0 ? 2
            : 1;
        int chunk = Math.Max(4, ChunkBytes / (weights.Width * elementBytes) / 4 * 4);
        for (int column = 0; column < columns; column += chunk)
        {
            Chunk<L, TF, TI>(
                weights, activations, column, Math.Min(chunk, columns - column), output, outputStride, firstPanel, endPanel, scratch);
        }
    }

    private static void Chunk<L, TF, TI>(
        WeightRows weights, Activations activations, int column, int columns, float* output, int stride, int firstPanel, int endPanel, byte* scratch)
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct
    {
        output += (long)column * stride;
        int firstRow = firstPanel * WeightRows.PanelRows;
        int endRow = Math.Min(endPanel * WeightRows.PanelRows, weights.Rows);
        switch (weights.Type)
        {
            case TensorType.F32:
                FloatRows.Multiply<FloatRows.SingleFormat<L, TF, TI>, L, TF, TI>(
                    weights, activations.Single + ((long)column * activations.SingleStride), activations.SingleStride, 0, columns, output, stride, firstRow, endRow);
                break;
            case TensorType.F16:
                FloatRows.Multiply<FloatRows.HalfFormat<L, TF, TI>, L, TF, TI>(
                    weights,
                    activations.Half + ((long)column * activations.FloatStride),
                    activations.FloatStride,
                    activations.FloatStride / 2,
                    columns,
                    output,
                    stride,
                    firstRow,
                    endRow);
                break;
            case TensorType.BF16:
                FloatRows.Multiply<FloatRows.BFloat16Format<L, TF, TI>, L, TF, TI>(
                    weights,
                    activations.BFloat16 + ((long)column * activations.FloatStride),
                    activations.FloatStride,
                    activations.FloatStride / 2,
                    columns,
                    output,
                    stride,
                    firstRow,
                    endRow);
                break;
            case TensorType.Q4_0 when weights.Panels != null:
                PanelProduct.Multiply<NibblePanel<Q4_0Type>, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q4_0:
                Unpacked<Q4_0Block, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q4_1 when weights.Panels != null:
                PanelProduct.Multiply<NibblePanel<Q4_1Type>, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q4_1:
                Unpacked<Q4_1Block, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q5_0 when weights.Panels != null:
                PanelProduct.Multiply<NibblePanel<Q5_0Type>, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q5_0:
                Unpacked<Q5_0Block, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q5_1 when weights.Panels != null:
                PanelProduct.Multiply<NibblePanel<Q5_1Type>, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q5_1:
                Unpacked<Q5_1Block, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q8_0 when weights.Panels != null:
                PanelProduct.Multiply<Q8_0Panel, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q8_0:
                Unpacked<Q8_0Block, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q2_K:
                Unpacked<Q2_KBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q3_K:
                Unpacked<Q3_KBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q4_K when weights.Panels != null:
                PanelProduct.Multiply<KNibblePanel<Q4_1Type>, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q4_K:
                Unpacked<Q4_KBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q5_K when weights.Panels != null:
                PanelProduct.Multiply<KNibblePanel<Q5_1Type>, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q5_K:
                Unpacked<Q5_KBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.Q6_K when weights.Panels != null:
                PanelProduct.Multiply<Q6_KPanel, L, TF, TI>(
                    weights, activations.Quantized(weights.Form), column, columns, output, stride, firstPanel, endPanel);
                break;
            case TensorType.Q6_K:
                Unpacked<Q6_KBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.IQ4_NL:
                Unpacked<IQ4_NLBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            case TensorType.IQ4_XS:
                Unpacked<IQ4_XSBlock, L, TF, TI>(weights, activations, column, columns, output, stride, firstRow, endRow, scratch);
                break;
            default:
                throw new ArgumentException($"No product for weights of type {weights.Type}.", nameof(weights));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpacked<TBlock, L, TF, TI>(
        WeightRows weights, Activations activations, int column, int columns, float* output, int stride, int firstRow, int endRow, byte* scratch)
        where TBlock : struct, IBlockFormat
        where L : struct, ILanes<TF, TI>
        where TF : struct
        where TI : struct =>
        UnpackedRows.Multiply<TBlock, L, TF, TI>(
            weights, activations.Quantized(weights.Form), column, columns, output, stride, firstRow, endRow, scratch);
}
