namespace LlavaServer.TestModels;

/// <summary>SplitMix64: the same numbers for a seed on every machine and in every version of .NET. Used by one thread.</summary>
internal sealed class RandomSource(ulong seed)
{
    private ulong state = seed;

    public ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }

    public int Next(int exclusiveMaximum) => (int)(Next() % (ulong)exclusiveMaximum);

    /// <summary>Normal distribution by a sum of twelve uniform numbers: no logarithm whose last bit depends on the platform.</summary>
    public float NextGaussian()
    {
        long sum = 0;
        for (var draw = 0; draw < 3; draw++)
        {
            var bits = Next();
            sum += (long)(bits & 0xFFFF) + (long)(bits >> 16 & 0xFFFF) + (long)(bits >> 32 & 0xFFFF) + (long)(bits >> 48);
        }

        return (float)((sum - 6.0 * 65_535) / 65_536);
    }
}
