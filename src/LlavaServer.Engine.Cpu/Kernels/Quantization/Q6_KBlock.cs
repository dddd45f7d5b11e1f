using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>256 weights of 6 bits, offset 32: 16 groups of 16 with a signed scale of 8 bits.</summary>
internal unsafe struct Q6_KBlock : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 210;

    public static bool HasAddends => false;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block + 208);
        sbyte* scales = (sbyte*)block + 192;
        for (int half = 0; half < 2; half++)
        {
            byte* low = block + (64 * half);
            byte* high = block + 128 + (32 * half);
            for (int group = 0; group < 4; group++)
            {
                for (int part = 0; part < 2; part++)
                {
                    int index = (8 * half) + (2 * group) + part;
                    factors[index] = d * scales[index];
                    Vector128<byte> nibbles = Vector128.Load(low + (32 * (group % 2)) + (16 * part)) >>> (group & 2) >>> (group & 2);
                    Vector128<byte> upper = (Vector128.Load(high + (16 * part)) >>> (2 * group)) & Vector128.Create((byte)3);
                    BlockBits.Store(q + (16 * index), (nibbles & Vector128.Create((byte)15)) | (upper << 4), 32);
                }
            }
        }
    }
}
