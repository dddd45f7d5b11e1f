using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Tests.Kernels;

public sealed unsafe class ActivationQuantizerTests
{
    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    [InlineData(416)]
    public void Quantize_Q8_0_AsDefined(int width)
    {
        float[] input = Input(width);
        foreach (int bits in Widths.Available)
        {
            using QuantizedRows rows = Quantize(bits, ActivationForms.Q8_0, input);
            for (int block = 0; block < width / 32; block++)
            {
                ReadOnlySpan<float> values = input.AsSpan(32 * block, 32);
                float largest = 0;
                foreach (float value in values)
                {
                    largest = Math.Max(largest, Math.Abs(value));
                }

                Assert.Equal((float)(Half)(largest / 127f), rows.Scales[block]);
                int sum = 0;
                for (int i = 0; i < 32; i++)
                {
                    int expected = largest == 0 ? 0 : (int)MathF.Round(values[i] * (127f / largest));
                    Assert.Equal(expected, rows.Bytes[(32 * block) + i]);
                    Assert.Equal(expected, rows.Shorts[(32 * block) + i]);
                    sum += expected;
                }

                Assert.Equal(sum, rows.BlockSums[block]);
                Assert.Equal(sum, rows.GroupSums[2 * block] + rows.GroupSums[(2 * block) + 1]);
            }
        }
    }

    [Fact]
    public void Quantize_Q8_K_LargestBecomesMinus127()
    {
        float[] input = Input(512);
        input[77] = 9;
        input[300] = -12;
        foreach (int bits in Widths.Available)
        {
            using QuantizedRows rows = Quantize(bits, ActivationForms.Q8_K, input);
            Assert.Equal(-127, rows.Bytes[77]);
            Assert.Equal(-127, rows.Bytes[300]);
            Assert.Equal(1f / (-127f / 9f), rows.Scales[0]);
            Assert.Equal(rows.Scales[0], rows.Scales[7]);
            Assert.Equal(1f / (-127f / -12f), rows.Scales[8]);
            for (int i = 0; i < input.Length; i++)
            {
                Assert.InRange(rows.Bytes[i] * rows.Scales[i / 32], input[i] - (Math.Abs(rows.Scales[i / 32]) * 0.501f), input[i] + (Math.Abs(rows.Scales[i / 32]) * 0.501f));
            }
        }
    }

    [Fact]
    public void Quantize_Zeros_ZeroScale()
    {
        foreach (ActivationForms form in (ActivationForms[])[ActivationForms.Q8_0, ActivationForms.Q8_1, ActivationForms.Q8_K])
        {
            foreach (int bits in Widths.Available)
            {
                using QuantizedRows rows = Quantize(bits, form, new float[256]);
                Assert.Equal(0, rows.Scales[0]);
                Assert.Equal(0, rows.Bytes[255]);
                Assert.Equal(0, rows.ScaledSums[15]);
            }
        }
    }

    private static float[] Input(int width)
    {
        var random = new Random(width);
        var input = new float[width];
        for (int i = 0; i < width; i++)
        {
            input[i] = (float)((random.NextDouble() - 0.5) * 4);
        }

        return input;
    }

    private static QuantizedRows Quantize(int bits, ActivationForms form, float[] input)
    {
        var rows = new QuantizedRows(1, input.Length);
        using var source = new GuardedMemory(input.Length * sizeof(float));
        input.CopyTo(new Span<float>(source.Floats, input.Length));
        switch (bits)
        {
            case 512:
                ActivationQuantizer.Quantize<Lanes512, Vector512<float>, Vector512<int>>(form, source.Floats, input.Length, rows, 0);
                break;
            case 256:
                ActivationQuantizer.Quantize<Lanes256, Vector256<float>, Vector256<int>>(form, source.Floats, input.Length, rows, 0);
                break;
            case 128:
                ActivationQuantizer.Quantize<Lanes128, Vector128<float>, Vector128<int>>(form, source.Floats, input.Length, rows, 0);
                break;
            default:
                ActivationQuantizer.Quantize<LanesScalar, float, int>(form, source.Floats, input.Length, rows, 0);
                break;
        }

        return rows;
    }
}
