namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>32 weights of 4 bits, offset 8: scale as half, then nibbles in halves (element j low, element 16 + j high).</summary>
internal unsafe struct Q4_0Block : IBlockFormat
{
    public static int Elements => 32;

    public static int Bytes => 18;

    public static bool HasAddends => false;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        factors[0] = d;
        factors[1] = d;
        BlockBits.Store(q, BlockBits.LowNibbles(block + 2), 8);
        BlockBits.Store(q + 16, BlockBits.HighNibbles(block + 2), 8);
    }
}
