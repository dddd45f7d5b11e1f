namespace LlavaServer.Engine.Tests.Vision;

/// <summary>SplitMix64 (Steele, Lea and Flood, 2014): the same numbers on every machine and runtime.</summary>
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>0 to 1.</summary>
    public float NextUniform() => (Next() >> 40) / (float)(1 << 24);

    /// <summary>Sum of twelve uniform numbers: mean 0, deviation 1, and no library function that could differ.</summary>
    public float NextNormal()
    {
        float sum = -6;
        for (int i = 0; i < 12; i++)
        {
            sum += NextUniform();
        }

        return sum;
    }
}
