using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>32 weights of 4 bits through a code book of 16 values: scale as half, then nibbles in halves.</summary>
internal unsafe struct IQ4_NLBlock : IBlockFormat
{
    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool HasAddends => false;

    /// <summary>The code book shared with IQ4_XS.</summary>
    public static Vector128<sbyte> CodeBook => Vector128.Create(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        factors[0] = d;
        factors[1] = d;
        BlockBits.Store(q, Vector128.Shuffle(CodeBook, BlockBits.LowNibbles(block + 2).AsSByte()));
        BlockBits.Store(q + 16, Vector128.Shuffle(CodeBook, BlockBits.HighNibbles(block + 2).AsSByte()));
    }
}
