using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>256 weights of 5 bits: 8 groups of 32 with a scale and a minimum of 6 bits each, fifth bits by group.</summary>
internal unsafe struct Q5_KBlock : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 176;

    public static bool HasAddends => true;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        float dmin = BlockBits.Half(block + 2);
        Vector128<byte> fifth0 = Vector128.Load(block + 16);
        Vector128<byte> fifth1 = Vector128.Load(block + 32);
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = BlockBits.SixBitPair(block + 4, group);
            factors[2 * group] = factors[(2 * group) + 1] = d * scale;
            addends[2 * group] = addends[(2 * group) + 1] = -dmin * minimum;

            byte* quants = block + 48 + (32 * (group / 2));
            int shift = 4 * (group % 2);
            Vector128<byte> nibble = Vector128.Create((byte)15);
            Vector128<byte> low0 = (Vector128.Load(quants) >>> shift) & nibble;
            Vector128<byte> low1 = (Vector128.Load(quants + 16) >>> shift) & nibble;
            Vector128<byte> one = Vector128<byte>.One;
            BlockBits.Store(q + (32 * group), low0 | (((fifth0 >>> group) & one) << 4), 0);
            BlockBits.Store(q + (32 * group) + 16, low1 | (((fifth1 >>> group) & one) << 4), 0);
        }
    }
}
