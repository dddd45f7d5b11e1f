using System.Runtime.Intrinsics;
using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Tests.Kernels;

/// <summary>Norm, gated activation, sums and rotation at every register width, over every length to several registers, in guarded buffers.</summary>
public sealed unsafe class RowKernelTests
{
    [Fact]
    public void Normalize_EveryLength_EqualsDouble() => Sweep(1, (bits, width, a, b, output) =>
    {
        Action run = bits switch
        {
            512 => () => RmsNorm.Normalize<Lanes512, Vector512<float>, Vector512<int>>(a, b, width, 1e-5f, output),
            256 => () => RmsNorm.Normalize<Lanes256, Vector256<float>, Vector256<int>>(a, b, width, 1e-5f, output),
            128 => () => RmsNorm.Normalize<Lanes128, Vector128<float>, Vector128<int>>(a, b, width, 1e-5f, output),
            _ => () => RmsNorm.Normalize<LanesScalar, float, int>(a, b, width, 1e-5f, output),
        };
        run();
        double sum = 0;
        for (int i = 0; i < width; i++)
        {
            sum += (double)a[i] * a[i];
        }

        double scale = 1 / Math.Sqrt((sum / width) + 1e-5f);
        for (int i = 0; i < width; i++)
        {
            Assert.Equal(a[i] * scale * b[i], output[i], 1e-5);
        }
    });

    [Fact]
    public void Apply_EveryLength_EqualsDouble() => Sweep(0, (bits, width, a, b, output) =>
    {
        new Span<float>(a, width).CopyTo(new Span<float>(output, width));
        Action run = bits switch
        {
            512 => () => SwiGlu.Apply<Lanes512, Vector512<float>, Vector512<int>>(output, b, width),
            256 => () => SwiGlu.Apply<Lanes256, Vector256<float>, Vector256<int>>(output, b, width),
            128 => () => SwiGlu.Apply<Lanes128, Vector128<float>, Vector128<int>>(output, b, width),
            _ => () => SwiGlu.Apply<LanesScalar, float, int>(output, b, width),
        };
        run();
        for (int i = 0; i < width; i++)
        {
            Assert.Equal(a[i] / (1 + Math.Exp(-a[i])) * b[i], output[i], 1e-5);
        }
    });

    [Fact]
    public void Add_EveryLength_EqualsSum() => Sweep(0, (bits, width, a, b, output) =>
    {
        new Span<float>(a, width).CopyTo(new Span<float>(output, width));
        Action run = bits switch
        {
            512 => () => Vectors.Add<Lanes512, Vector512<float>, Vector512<int>>(output, b, width),
            256 => () => Vectors.Add<Lanes256, Vector256<float>, Vector256<int>>(output, b, width),
            128 => () => Vectors.Add<Lanes128, Vector128<float>, Vector128<int>>(output, b, width),
            _ => () => Vectors.Add<LanesScalar, float, int>(output, b, width),
        };
        run();
        for (int i = 0; i < width; i++)
        {
            Assert.Equal(a[i] + b[i], output[i]);
        }
    });

    [Theory]
    [InlineData(false, 8)]
    [InlineData(true, 8)]
    [InlineData(true, 6)]
    public void Rotate_BothPairings_TurnsPairsAndKeepsTheRest(bool rotatesHalves, int ropeWidth)
    {
        float* heads = stackalloc float[16];
        float* cosines = stackalloc float[4];
        float* sines = stackalloc float[4];
        for (int i = 0; i < 16; i++)
        {
            heads[i] = i + 1;
        }

        for (int i = 0; i < 4; i++)
        {
            (sines[i], cosines[i]) = MathF.SinCos(0.3f * (i + 1));
        }

        float[] before = new Span<float>(heads, 16).ToArray();
        Rope.Rotate(heads, 2, 8, ropeWidth, cosines, sines, rotatesHalves);
        for (int head = 0; head < 2; head++)
        {
            for (int i = 0; i < ropeWidth / 2; i++)
            {
                int first = (8 * head) + (rotatesHalves ? i : 2 * i);
                int second = first + (rotatesHalves ? ropeWidth / 2 : 1);
                Assert.Equal((before[first] * cosines[i]) - (before[second] * sines[i]), heads[first], 1e-5f);
                Assert.Equal((before[first] * sines[i]) + (before[second] * cosines[i]), heads[second], 1e-5f);
            }

            for (int i = ropeWidth; i < 8; i++)
            {
                Assert.Equal(before[(8 * head) + i], heads[(8 * head) + i]);
            }
        }
    }

    private delegate void Case(int bits, int width, float* a, float* b, float* output);

    private static void Sweep(int first, Case run)
    {
        foreach (int bits in Widths.Available)
        {
            for (int width = first; width < 70; width++)
            {
                using var a = new GuardedMemory(width * sizeof(float));
                using var b = new GuardedMemory(width * sizeof(float));
                using var output = new GuardedMemory(width * sizeof(float));
                var random = new Random(width);
                for (int i = 0; i < width; i++)
                {
                    a.Floats[i] = (float)((random.NextDouble() - 0.5) * 8);
                    b.Floats[i] = (float)(random.NextDouble() - 0.5);
                }

                run(bits, width, a.Floats, b.Floats, output.Floats);
            }
        }
    }
}
