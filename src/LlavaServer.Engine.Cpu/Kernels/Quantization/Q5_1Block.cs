using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>32 weights of 5 bits: scale and minimum as halves, fifth bits in a word, then nibbles in halves.</summary>
internal unsafe struct Q5_1Block : IBlockFormat
{
    public static int Elements => 32;

    public static int Bytes => 24;

    public static bool HasAddends => true;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        float minimum = BlockBits.Half(block + 2);
        uint fifth = Unsafe.ReadUnaligned<uint>(block + 4);
        factors[0] = d;
        factors[1] = d;
        addends[0] = minimum;
        addends[1] = minimum;
        BlockBits.Store(q, BlockBits.LowNibbles(block + 8) | BlockBits.FifthBits(fifth), 0);
        BlockBits.Store(q + 16, BlockBits.HighNibbles(block + 8) | BlockBits.FifthBits(fifth >> 16), 0);
    }
}
