using System.Runtime.InteropServices;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Models.Tests.Quantization;

public sealed class DequantizerTests
{
    /// <summary>
    /// Byte i of the block is (37 i + 11) mod 256, then the scale is 1.0 and a minimum, where there is one, 0.5. Expected: the first four values, the
    /// middle and the last one, sum and sum of squares, from an implementation of the layouts in ggml-common.h that is not this one.
    /// </summary>
    [Theory]
    [InlineData(TensorType.Q4_0, 0, -1, new float[] { -3, 2, 7, -4, -3, 0, -21, 645 })]
    [InlineData(TensorType.Q4_1, 0, 2, new float[] { 15.5f, 4.5f, 9.5f, 14.5f, 9.5f, 12.5f, 261, 2780 })]
    [InlineData(TensorType.Q5_0, 0, -1, new float[] { 9, -2, 3, -8, 14, 1, 15, 2627 })]
    [InlineData(TensorType.Q5_1, 0, 2, new float[] { 19.5f, 24.5f, 29.5f, 18.5f, 19.5f, 5.5f, 521, 11298 })]
    [InlineData(TensorType.Q8_0, 0, -1, new float[] { 85, 122, -97, -60, -91, -48, -176, 190256 })]
    [InlineData(TensorType.Q2_K, 80, 82, new float[] { 33, 0, 11, 22, 7.5f, 4.5f, 2059, 54476 })]
    [InlineData(TensorType.Q3_K, 108, -1, new float[] { 81, -108, 27, -54, 2, 42, 958, 568706 })]
    [InlineData(TensorType.Q4_K, 0, 2, new float[] { 315.5f, -25.5f, 129.5f, 284.5f, 423, 48.5f, 54440, 24165220 })]
    [InlineData(TensorType.Q5_K, 0, 2, new float[] { 811.5f, -25.5f, 625.5f, 284.5f, 1047, 108.5f, 116216, 102828820 })]
    [InlineData(TensorType.Q6_K, 208, -1, new float[] { -1431, 1696, 583, -530, -351, -60, 4612, 473900260 })]
    [InlineData(TensorType.IQ4_NL, 0, -1, new float[] { -35, 25, 113, -49, -35, 1, -257, 134293 })]
    [InlineData(TensorType.IQ4_XS, 0, -1, new float[] { 65, -1, -69, 83, -585, -16, -11005, 242991357 })]
    public void ToFloat_SyntheticBlock_EqualsReference(TensorType type, int scaleOffset, int minimumOffset, float[] expected)
    {
        var block = SyntheticBlock(type, scaleOffset, minimumOffset);

        var values = Expand(type, block, TensorTypes.BlockElements(type));

        var n = values.Length;
        double[] actual =
        [
            values[0], values[1], values[2], values[3], values[n / 2], values[^1], values.Sum(value => (double)value), values.Sum(value => (double)value * value),
        ];
        Assert.Equal(expected.Select(value => (double)value), actual.Select(value => (double)(float)value));
    }

    [Fact]
    public void ToFloat_SeveralBlocks_EachFromItsOwnBytes()
    {
        var one = SyntheticBlock(TensorType.Q4_K, 0, 2);
        var two = (byte[])one.Clone();
        two[1] = 0x40; // scale 2.0

        var values = Expand(TensorType.Q4_K, [.. one, .. two], 512);

        Assert.Equal(Expand(TensorType.Q4_K, one, 256), values[..256]);
        Assert.Equal(Expand(TensorType.Q4_K, two, 256), values[256..]);
        Assert.NotEqual(values[0], values[256]);
    }

    [Fact]
    public void ToFloat_FloatTypes_EveryHalfPatternIsExact()
    {
        var halves = Enumerable.Range(0, 65_536).Select(i => BitConverter.UInt16BitsToHalf((ushort)i)).ToArray();
        Assert.Equal(halves.Select(half => (float)half), Expand(TensorType.F16, MemoryMarshal.AsBytes(halves.AsSpan()).ToArray(), halves.Length));

        var brain = Expand(TensorType.BF16, [0x80, 0x3F, 0x00, 0xC0, 0x80, 0x7F], 3);
        Assert.Equal([1f, -2f, float.PositiveInfinity], brain);

        Assert.Equal([1.5f], Expand(TensorType.F32, BitConverter.GetBytes(1.5f), 1));
    }

    [Theory]
    [InlineData(TensorType.IQ2_XXS)]
    [InlineData(TensorType.TQ1_0)]
    [InlineData(TensorType.Q8_K)]
    [InlineData(TensorType.I32)]
    [InlineData((TensorType)37)]
    public void ToFloat_OtherType_RefusedByName(TensorType type)
    {
        var error = Assert.Throws<GgufException>(() => Expand(type, new byte[512], 256));

        Assert.Contains(TensorTypes.Name(type), error.Message, StringComparison.Ordinal);
        Assert.False(Dequantizer.Supports(type));
    }

    internal static unsafe float[] Expand(TensorType type, byte[] bytes, int count)
    {
        var values = new float[count];
        fixed (byte* source = bytes)
        {
            Dequantizer.ToFloat(type, (nint)source, values);
        }

        return values;
    }

    private static byte[] SyntheticBlock(TensorType type, int scaleOffset, int minimumOffset)
    {
        var block = Enumerable.Range(0, TensorTypes.BlockBytes(type)).Select(i => (byte)(37 * i + 11)).ToArray();
        (block[scaleOffset], block[scaleOffset + 1]) = (0x00, 0x3C);
        if (minimumOffset >= 0)
        {
            (block[minimumOffset], block[minimumOffset + 1]) = (0x00, 0x38);
        }

        return block;
    }
}
