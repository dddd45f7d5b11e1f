using LlavaServer.Engine.Cpu.Kernels;

namespace LlavaServer.Engine.Tests.Kernels;

public sealed class HalfBitsTests
{
    [Fact]
    public void ToSingle_EveryFiniteHalf_Exact()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)bits);
            if (Half.IsFinite(half))
            {
                Assert.Equal((float)half, HalfBits.ToSingle((ushort)bits));
            }
        }
    }

    [Fact]
    public void FromSingle_EveryHalfAndBetween_RoundsToEven()
    {
        for (int bits = 0; bits < 0x7BFF; bits++)
        {
            float low = (float)BitConverter.UInt16BitsToHalf((ushort)bits);
            float high = (float)BitConverter.UInt16BitsToHalf((ushort)(bits + 1));
            foreach (float value in (float[])[low, (low + high) / 2, MathF.BitIncrement((low + high) / 2), MathF.BitDecrement((low + high) / 2)])
            {
                Assert.Equal(BitConverter.HalfToUInt16Bits((Half)value), HalfBits.FromSingle(value));
                Assert.Equal(BitConverter.HalfToUInt16Bits((Half)(-value)), HalfBits.FromSingle(-value));
            }
        }
    }

    [Theory]
    [InlineData(70000f, 0x7BFF)]
    [InlineData(-1e30f, 0xFBFF)]
    public void FromSingle_BeyondTheRange_LargestHalf(float value, int expected) => Assert.Equal(expected, HalfBits.FromSingle(value));
}
