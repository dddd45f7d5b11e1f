using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Quantization;

public sealed class QuantizerTests
{
    public static TheoryData<TensorType, double> Errors => new()
    {
        { TensorType.F32, 0 }, { TensorType.F16, 0.0004 }, { TensorType.BF16, 0.003 }, { TensorType.Q8_0, 0.006 }, { TensorType.Q6_K, 0.02 },
        { TensorType.Q5_K, 0.038 }, { TensorType.Q5_1, 0.04 }, { TensorType.Q5_0, 0.046 }, { TensorType.Q4_K, 0.075 }, { TensorType.IQ4_NL, 0.08 },
        { TensorType.IQ4_XS, 0.081 }, { TensorType.Q4_1, 0.082 }, { TensorType.Q4_0, 0.09 }, { TensorType.Q3_K, 0.16 }, { TensorType.Q2_K, 0.32 },
    };

    /// <summary>Relative RMS error on Gaussian weights; the bounds are measured errors of llama.cpp's quantizers and a few per cent of room.</summary>
    [Theory]
    [MemberData(nameof(Errors))]
    public void FromFloat_GaussianWeights_ErrorOfTheFormat(TensorType type, double bound)
    {
        var random = new RandomSource(3);
        var values = Enumerable.Range(0, 32_768).Select(_ => 0.02f * random.NextGaussian()).ToArray();
        var stored = new byte[TensorTypes.RowBytes(type, values.Length)];

        Quantizer.FromFloat(type, values, stored);

        var back = DequantizerTests.Expand(type, stored, values.Length);
        var error = Math.Sqrt(values.Zip(back, (a, b) => (double)(a - b) * (a - b)).Sum() / values.Sum(value => (double)value * value));
        Assert.InRange(error, bound / 2, bound);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void FromFloat_ConstantsZerosAndOutliers_FiniteAndZeroStaysZero(TensorType type, double bound)
    {
        var zero = new byte[TensorTypes.RowBytes(type, 256)];
        Array.Fill(zero, (byte)0xA5);
        Quantizer.FromFloat(type, new float[256], zero);
        Assert.All(DequantizerTests.Expand(type, zero, 256), value => Assert.Equal(0, value));

        var constant = new float[256];
        Array.Fill(constant, -3.25f);
        Quantizer.FromFloat(type, constant, zero);
        Assert.All(DequantizerTests.Expand(type, zero, 256), value => Assert.InRange(value, -3.25f - 0.25f - (float)bound, -3.25f + 0.25f + (float)bound));

        var outlier = new float[256];
        outlier[100] = 1_000;
        Quantizer.FromFloat(type, outlier, zero);
        var back = DequantizerTests.Expand(type, zero, 256);
        Assert.All(back, value => Assert.True(float.IsFinite(value)));
        Assert.InRange(back[100], 850, 1_150);
    }

    [Fact]
    public void FromFloat_BrainFloat_RoundsToNearestEvenAndKeepsNaN()
    {
        var stored = new byte[10];
        Quantizer.FromFloat(TensorType.BF16, [1f, BitConverter.UInt32BitsToSingle(0x3F808000), BitConverter.UInt32BitsToSingle(0x3F818000), float.NaN, -0f], stored);

        ushort[] patterns = new ushort[5];
        Buffer.BlockCopy(stored, 0, patterns, 0, 10);
        Assert.Equal([0x3F80, 0x3F80, 0x3F82, 0x8000], [patterns[0], patterns[1], patterns[2], patterns[4]]);
        Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle((uint)patterns[3] << 16)));
    }

    [Fact]
    public void FromFloat_WrongSizes_Refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantizer.FromFloat(TensorType.Q4_0, new float[33], new byte[18]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantizer.FromFloat(TensorType.Q4_0, new float[32], new byte[17]));
        Assert.Throws<GgufException>(() => Quantizer.FromFloat(TensorType.IQ1_S, new float[256], new byte[50]));
    }
}
