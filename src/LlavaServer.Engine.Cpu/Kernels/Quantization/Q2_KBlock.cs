using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>256 weights of 2 bits: 16 groups of 16 with a scale and a minimum of 4 bits each.</summary>
internal unsafe struct Q2_KBlock : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 84;

    public static bool HasAddends => true;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block + 80);
        float dmin = BlockBits.Half(block + 82);
        for (int group = 0; group < 16; group++)
        {
            factors[group] = d * (block[group] & 15);
            addends[group] = -dmin * (block[group] >> 4);

            // Group 8n + 2j + h holds bits 2j of bytes 32n + 16h.
            Vector128<byte> quants = Vector128.Load(block + 16 + (32 * (group / 8)) + (16 * (group % 2)));
            BlockBits.Store(q + (16 * group), (quants >>> (group & 6)) & Vector128.Create((byte)3), 0);
        }
    }
}
