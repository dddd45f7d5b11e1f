using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Tests.Vision.Kernels;

public sealed unsafe class VisionElementwiseTests
{
    public static TheoryData<int> Activations => [.. Enum.GetValues<VisionActivation>().Select(value => (int)value)];

    [Theory]
    [MemberData(nameof(Activations))]
    public void Gelu_EveryLengthAndValue_EqualsScalarTwin(int kind)
    {
        var activation = (VisionActivation)kind;
        for (int length = 0; length <= 40; length++)
        {
            using FloatBuffer values = FloatBuffer.Random(length, (ulong)length, 4);
            AssertTwin(activation, values);
        }

        using var sweep = new FloatBuffer(240_001);
        for (int i = 0; i < sweep.Length; i++)
        {
            sweep.Span[i] = (i - 120_000) * 1e-3f;
        }

        AssertTwin(activation, sweep);
    }

    [Theory]
    [InlineData(-3f, -0.0036373138f, -0.018066406f)]
    [InlineData(-1f, -0.15881348f, -0.15417480f)]
    [InlineData(-0.5f, -0.15429688f, -0.14965820f)]
    [InlineData(0.1f, 0.053955078f, 0.054229736f)]
    [InlineData(0.5f, 0.34570313f, 0.35034180f)]
    [InlineData(1f, 0.84130859f, 0.84570313f)]
    [InlineData(2f, 1.9550781f, 1.9355469f)]
    [InlineData(3f, 2.9960938f, 2.9824219f)]
    public void Gelu_HalfTable_EqualsLlamaCpp(float x, float tanh, float quick)
    {
        using var values = new FloatBuffer([x, x]);
        Gelu.Apply(VisionActivation.GeluTanhHalf, values.Pointer, 1);
        Gelu.Apply(VisionActivation.QuickGeluHalf, values.Pointer + 1, 1);
        Assert.Equal([tanh, quick], values.Span);
    }

    [Fact]
    public void ToSingle_EveryHalf_EqualsHalf()
    {
        ushort[] patterns = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        using var actual = new FloatBuffer(patterns.Length);
        using var expected = new FloatBuffer(patterns.Length);
        fixed (ushort* source = patterns)
        {
            HalfPrecision.ToSingle(source, actual.Pointer, patterns.Length);
            HalfPrecision.ToSingleScalar(source, expected.Pointer, patterns.Length);
            for (int length = 0; length < 40; length++)
            {
                using var some = new FloatBuffer(length);
                HalfPrecision.ToSingle(source + 15_000, some.Pointer, length);
                Assert.Equal(expected.Span.Slice(15_000, length), some.Span);
            }
        }

        Assert.Equal(expected.Span, actual.Span);
    }

    [Fact]
    public void BrainToSingle_EveryPattern_IsTheUpperHalf()
    {
        ushort[] patterns = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        using var actual = new FloatBuffer(patterns.Length);
        fixed (ushort* source = patterns)
        {
            HalfPrecision.BrainToSingle(source, actual.Pointer, patterns.Length);
        }

        for (int i = 0; i < patterns.Length; i++)
        {
            Assert.Equal((uint)i << 16, BitConverter.SingleToUInt32Bits(actual.Span[i]));
        }
    }

    [Fact]
    public void Round_EveryExponentAndTie_EqualsHalf()
    {
        // Every 1 / 2^16 of the patterns' range, and beside every half pattern the middle to the next and its neighbours.
        var values = new List<float>();
        for (uint i = 0; i < 65536; i++)
        {
            values.Add(BitConverter.UInt32BitsToSingle(i * 65537));
            uint half = BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)i));
            values.AddRange(((uint[])[half, half + 0xfff, half + 0x1000, half + 0x1001]).Select(BitConverter.UInt32BitsToSingle));
        }

        using var actual = new FloatBuffer(values.ToArray());
        HalfPrecision.Round(actual.Pointer, actual.Length);
        for (int i = 0; i < values.Count; i++)
        {
            Assert.Equal((float)(Half)values[i], actual.Span[i]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LayerNorm_EveryWidth_EqualsScalarTwin(bool hasBias)
    {
        foreach (int width in Enumerable.Range(1, 70).Append(1024))
        {
            using FloatBuffer x = FloatBuffer.Random(width, 1, 3);
            using FloatBuffer weight = FloatBuffer.Random(width, 2);
            using FloatBuffer bias = FloatBuffer.Random(width, 3);
            using var expected = new FloatBuffer(width);
            using var actual = new FloatBuffer(width);
            LayerNorm.ApplyScalar(x.Pointer, weight.Pointer, hasBias ? bias.Pointer : null, expected.Pointer, width, 1e-5f);
            LayerNorm.Apply(x.Pointer, weight.Pointer, hasBias ? bias.Pointer : null, actual.Pointer, width, 1e-5f);
            LayerNorm.Apply(x.Pointer, weight.Pointer, hasBias ? bias.Pointer : null, x.Pointer, width, 1e-5f);
            for (int i = 0; i < width; i++)
            {
                Assert.Equal(expected.Span[i], actual.Span[i], 2e-5f);
            }

            Assert.Equal(actual.Span, x.Span);
        }
    }

    [Fact]
    public void SoftmaxColumns_EveryRowCount_EqualsScalarTwin()
    {
        for (int rows = 1; rows <= 50; rows++)
        {
            using FloatBuffer expected = FloatBuffer.Random(rows * MatMulFloatTile.Columns, (ulong)rows, 20);
            using FloatBuffer actual = FloatBuffer.Random(rows * MatMulFloatTile.Columns, (ulong)rows, 20);
            using var expectedSums = new FloatBuffer(MatMulFloatTile.Columns);
            using var actualSums = new FloatBuffer(MatMulFloatTile.Columns);
            SoftmaxColumns.ApplyScalar(expected.Pointer, rows, expectedSums.Pointer);
            SoftmaxColumns.Apply(actual.Pointer, rows, actualSums.Pointer);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected.Span[i], actual.Span[i], 1e-6f);
            }

            for (int i = 0; i < MatMulFloatTile.Columns; i++)
            {
                Assert.Equal(expectedSums.Span[i], actualSums.Span[i], 1e-6f);
            }
        }
    }

    private static void AssertTwin(VisionActivation activation, FloatBuffer values)
    {
        float[] inputs = values.Span.ToArray();
        Gelu.Apply(activation, values.Pointer, values.Length);
        for (int i = 0; i < inputs.Length; i++)
        {
            // Half results may fall on the other side of a rounding step.
            float expected = Gelu.Scalar(activation, inputs[i]);
            bool isHalf = activation is VisionActivation.QuickGeluHalf or VisionActivation.GeluTanhHalf;
            float tolerance = isHalf ? 1e-7f + MathF.Abs(expected) / 1023 : 3e-7f + MathF.Abs(expected) * 3e-6f;
            Assert.True(MathF.Abs(expected - values.Span[i]) <= tolerance, $"{activation}({inputs[i]:R}) is {values.Span[i]:R}, not {expected:R}");
        }
    }
}
