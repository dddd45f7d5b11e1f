namespace LlavaServer.Engine.Cpu.Kernels.Quantization;

/// <summary>256 weights of 4 bits: 8 groups of 32 with a scale and a minimum of 6 bits each.</summary>
internal unsafe struct Q4_KBlock : IBlockFormat
{
    public static int Elements => 256;

    public static int Bytes => 144;

    public static bool HasAddends => true;

    public static void Unpack(byte* block, short* q, float* factors, float* addends)
    {
        float d = BlockBits.Half(block);
        float dmin = BlockBits.Half(block + 2);
        for (int group = 0; group < 8; group++)
        {
            (int scale, int minimum) = BlockBits.SixBitPair(block + 4, group);
            factors[2 * group] = factors[(2 * group) + 1] = d * scale;
            addends[2 * group] = addends[(2 * group) + 1] = -dmin * minimum;
        }

        for (int pair = 0; pair < 4; pair++)
        {
            byte* quants = block + 16 + (32 * pair);
            short* low = q + (64 * pair);
            BlockBits.Store(low, BlockBits.LowNibbles(quants), 0);
            BlockBits.Store(low + 16, BlockBits.LowNibbles(quants + 16), 0);
            BlockBits.Store(low + 32, BlockBits.HighNibbles(quants), 0);
            BlockBits.Store(low + 48, BlockBits.HighNibbles(quants + 16), 0);
        }
    }
}
