using System.Runtime.Intrinsics;

namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>32 weights of 8 bits: scale as half, then signed bytes.</summary>
internal unsafe struct Q8_0Block : IBlockFormat
{
    public static int Elements => 32;

    public static int Bytes => 34;

    public static bool HasAddends => false;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        factors[0] = d;
        factors[1] = d;
        BlockBits.Store(q, Vector128.Load((sbyte*)block + 2));
        BlockBits.Store(q + 16, Vector128.Load((sbyte*)block + 18));
    }
}
