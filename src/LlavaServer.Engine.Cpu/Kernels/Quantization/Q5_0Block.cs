using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>32 weights of 5 bits, offset 16: scale as half, fifth bits in a word, then nibbles in halves.</summary>
internal unsafe struct Q5_0Block : IBlockFormat
{
    public static int Elements => 32;

    public static int Bytes => 22;

    public static bool HasAddends => false;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        uint fifth = Unsafe.ReadUnaligned<uint>(block + 2);
        factors[0] = d;
        factors[1] = d;
        BlockBits.Store(q, BlockBits.LowNibbles(block + 6) | BlockBits.FifthBits(fifth), 16);
        BlockBits.Store(q + 16, BlockBits.HighNibbles(block + 6) | BlockBits.FifthBits(fifth >> 16), 16);
    }
}
