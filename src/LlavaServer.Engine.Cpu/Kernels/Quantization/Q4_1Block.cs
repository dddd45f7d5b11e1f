namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>32 weights of 4 bits: scale and minimum as halves, then nibbles in halves.</summary>
internal unsafe struct Q4_1Block : IBlockFormat
{
    public static int Elements => 32;

    public static int Bytes => 20;

    public static bool HasAddends => true;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        float minimum = BlockBits.Half(block + 2);
        factors[0] = d;
        factors[1] = d;
        addends[0] = minimum;
        addends[1] = minimum;
        BlockBits.Store(q, BlockBits.LowNibbles(block + 4), 0);
        BlockBits.Store(q + 16, BlockBits.HighNibbles(block + 4), 0);
    }
}
