using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Kernels.Interleaved;
using LlavaServer.Engine.Cpu.Kernels.Simd;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Tests.Kernels;

/// <summary>
/// Every product kernel at every register width against a double-precision product of the dequantized weights with the activations as converted.
/// </summary>
public sealed unsafe class MatMulTests
{
    public static TheoryData<TensorType> Types =>
    [
        TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1, TensorType.Q8_0,
        TensorType.Q2_K, TensorType.Q3_K, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K, TensorType.IQ4_NL, TensorType.IQ4_XS,
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void Multiply_WidthsRowsColumns_EqualsDoubleProduct(TensorType type)
    {
        int block = TensorTypes.BlockElements(type);
        int[] widths = block == 1 ? [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 130] : [block, 2 * block, 3 * block, 5 * block];
        int seed = 0;
        foreach (int width in widths)
        {
            foreach ((int rows, int columns) in ((int, int)[])[(1, 1), (3, 2), (16, 4), (17, 5), (33, 1), (40, 9)])
            {
                foreach (bool interleaved in (bool[])[false, true])
                {
                    Check(type, rows, width, columns, interleaved, seed++);
                }
            }
        }
    }

    [Theory]
    [InlineData(TensorType.Q4_0)]
    [InlineData(TensorType.Q4_1)]
    [InlineData(TensorType.Q5_0)]
    [InlineData(TensorType.Q5_1)]
    [InlineData(TensorType.Q5_K)]
    [InlineData(TensorType.Q8_0)]
    [InlineData(TensorType.Q4_K)]
    [InlineData(TensorType.Q6_K)]
    public void Multiply_ExtremeValues_NoOverflow(TensorType type)
    {
        // All bits set, all activations at full scale: the largest sums that a short or an int must hold.
        int width = 256;
        int rowBytes = (int)TensorTypes.RowBytes(type, width);
        using var memory = new GuardedMemory(16 * rowBytes);
        foreach (byte pattern in (byte[])[0xFF, 0x80, 0x7F])
        {
            for (int row = 0; row < 16; row++)
            {
                new Span<byte>(memory.Pointer + (row * rowBytes), rowBytes).Fill(pattern);
                FiniteScales(type, memory.Pointer + (row * rowBytes), rowBytes);
            }

            float[] input = new float[2 * width];
            input.AsSpan(0, width).Fill(1);
            input.AsSpan(width).Fill(-1);
            Compare(type, memory, 16, width, input, 2, interleaved: true);
            Compare(type, memory, 16, width, input, 2, interleaved: false);
        }
    }

    private static void Check(TensorType type, int rows, int width, int columns, bool interleaved, int seed)
    {
        var random = new Random(seed);
        long rowBytes = TensorTypes.RowBytes(type, width);
        using var memory = new GuardedMemory(rows * rowBytes);
        var row = new float[width];
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < width; i++)
            {
                row[i] = (float)(random.NextDouble() - 0.5);
            }

            Quantizer.FromFloat(type, row, new Span<byte>(memory.Pointer + (r * rowBytes), (int)rowBytes));
        }

        var input = new float[columns * width];
        for (int i = 0; i < input.Length; i++)
        {
            input[i] = (float)(random.NextDouble() - 0.5) * (i % 29 == 0 ? 8 : 1);
        }

        Compare(type, memory, rows, width, input, columns, interleaved);
    }

    private static void Compare(TensorType type, GuardedMemory memory, int rows, int width, float[] input, int columns, bool interleaved)
    {
        using var workers = new WorkerPool(1);
        NativeBuffer? panels = interleaved ? Interleaving.Pack(type, memory.Pointer, rows, width, workers) : null;
        if (interleaved && panels is null)
        {
            return;
        }

        using var weights = new WeightRows(type, memory.Pointer, rows, width, panels);
        using var activations = new Activations(columns, width, weights.Form);
        using var source = new GuardedMemory(input.Length * sizeof(float));
        input.CopyTo(new Span<float>(source.Floats, input.Length));
        activations.SetSource(source.Floats, width);
        for (int column = 0; column < columns; column++)
        {
            activations.Prepare(weights.Form, column, width);
        }

        (double[] expected, double[] magnitudes) = Reference(weights, activations, input, columns);
        int stride = rows;
        using var scratch = new GuardedMemory((MatMul.ScratchBytes(width) + 63) / 64 * 64);
        foreach (int bits in Widths.Available)
        {
            using var output = new GuardedMemory((long)columns * stride * sizeof(float));
            Multiply(bits, weights, activations, columns, output.Floats, stride, scratch.Pointer);
            for (int i = 0; i < expected.Length; i++)
            {
                double difference = Math.Abs(output.Floats[i] - expected[i]);
                Assert.True(
                    difference <= 2e-6 * magnitudes[i] + 1e-12,
                    $"{type} {bits} bits, {rows} x {width}, {columns} columns, interleaved {interleaved}: [{i}] {output.Floats[i]} for {expected[i]}");
            }
        }
    }

    private static void Multiply(int bits, WeightRows weights, Activations activations, int columns, float* output, int stride, byte* scratch)
    {
        switch (bits)
        {
            case 512:
                MatMul.Multiply<Lanes512, Vector512<float>, Vector512<int>>(weights, activations, columns, output, stride, 0, weights.PanelCount, scratch);
                break;
            case 256:
                MatMul.Multiply<Lanes256, Vector256<float>, Vector256<int>>(weights, activations, columns, output, stride, 0, weights.PanelCount, scratch);
                break;
            case 128:
                MatMul.Multiply<Lanes128, Vector128<float>, Vector128<int>>(weights, activations, columns, output, stride, 0, weights.PanelCount, scratch);
                break;
            default:
                MatMul.Multiply<LanesScalar, float, int>(weights, activations, columns, output, stride, 0, weights.PanelCount, scratch);
                break;
        }
    }

    /// <summary>Products, and the sums of magnitudes that rounding errors scale with.</summary>
    private static (double[] Products, double[] Magnitudes) Reference(WeightRows weights, Activations activations, float[] input, int columns)
    {
        var products = new double[columns * weights.Rows];
        var magnitudes = new double[columns * weights.Rows];
        var row = new float[weights.Width];
        for (int r = 0; r < weights.Rows; r++)
        {
            Dequantizer.ToFloat(weights.Type, (nint)weights.FileRows + (nint)(r * weights.RowBytes), row);
            for (int column = 0; column < columns; column++)
            {
                int at = (column * weights.Rows) + r;
                for (int i = 0; i < weights.Width; i++)
                {
                    double product = row[i] * Converted(weights.Form, activations, input[(column * weights.Width) + i], column, i);
                    products[at] += product;
                    magnitudes[at] += Math.Abs(product);
                }

                if (weights.Form == ActivationForms.Q8_1)
                {
                    // The stored block sum is rounded to half, and the minima meet it instead of the elements.
                    magnitudes[at] += 400 * Math.Sqrt(weights.Width);
                }
                else if (weights.Form == ActivationForms.Q8_K)
                {
                    magnitudes[at] *= 4;
                }
            }
        }

        return (products, magnitudes);
    }

    private static double Converted(ActivationForms form, Activations activations, float value, int column, int i)
    {
        switch (form)
        {
            case ActivationForms.Single:
                return value;
            case ActivationForms.Half:
                return (double)(Half)value;
            case ActivationForms.BFloat16:
                uint bits = BitConverter.SingleToUInt32Bits(value);
                return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
            default:
                QuantizedRows rows = activations.Quantized(form);
                long offset = (long)column * rows.Stride;
                return (double)rows.Bytes[offset + i] * rows.Scales[(offset + i) / 32];
        }
    }

    private static void FiniteScales(TensorType type, byte* row, int rowBytes)
    {
        int blockBytes = TensorTypes.BlockBytes(type);
        for (int start = 0; start < rowBytes; start += blockBytes)
        {
            int at = type == TensorType.Q6_K ? 208 : 0;
            *(Half*)(row + start + at) = (Half)1;
            if (type is TensorType.Q4_K or TensorType.Q5_K or TensorType.Q4_1 or TensorType.Q5_1)
            {
                *(Half*)(row + start + 2) = (Half)0.5f;
            }
        }
    }
}
