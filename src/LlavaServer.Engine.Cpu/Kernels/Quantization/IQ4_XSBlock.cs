using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>256 weights of 4 bits through the code book of IQ4_NL: 8 groups of 32 with a scale of 6 bits less 32 each.</summary>
internal unsafe struct IQ4_XSBlock : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 136;

    public static bool HasAddends => false;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        int high = Unsafe.ReadUnaligned<ushort>(block + 2);
        for (int group = 0; group < 8; group++)
        {
            int scale = ((block[4 + (group / 2)] >> (4 * (group % 2))) & 15) | (((high >> (2 * group)) & 3) << 4);
            factors[2 * group] = d * (scale - 32);
            factors[(2 * group) + 1] = d * (scale - 32);
            byte* quants = block + 8 + (16 * group);
            BlockBits.Store(q + (32 * group), Vector128.Shuffle(IQ4_NLBlock.CodeBook, BlockBits.LowNibbles(quants).AsSByte()));
            BlockBits.Store(q + (32 * group) + 16, Vector128.Shuffle(IQ4_NLBlock.CodeBook, BlockBits.HighNibbles(quants).AsSByte()));
        }
    }
}
