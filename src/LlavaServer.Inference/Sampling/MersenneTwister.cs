namespace LlavaServer.Inference.Sampling;

/// <summary>
/// The generator MT19937 of Matsumoto and Nishimura (1998) as in C++'s <c>std::mt19937</c>, with libstdc++'s <c>generate_canonical&lt;double&gt;</c> on top:
/// the same seed draws the same numbers as llama.cpp on Linux. Owned by one sampler.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Size = 624;
    private const int Middle = 397;
    private readonly uint[] _state = new uint[Size];
    private int _index = Size;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (var i = 1; i < Size; i++)
        {
            _state[i] = (1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30))) + (uint)i;
        }
    }

    public uint NextUInt32()
    {
        if (_index == Size)
        {
            Refill();
        }

        var y = _state[_index++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    /// <summary>A number in [0, 1) from two outputs, the lower half first.</summary>
    public double NextDouble()
    {
        var low = NextUInt32();
        var high = NextUInt32();
        var value = (low + (high * 4294967296.0)) / 18446744073709551616.0;
        return value < 1.0 ? value : Math.BitDecrement(1.0);
    }

    /// <summary>A number in [0, 1) from one output, as libstdc++'s <c>generate_canonical&lt;float&gt;</c>.</summary>
    public float NextSingle()
    {
        var value = NextUInt32() / 4294967296f;
        return value < 1f ? value : MathF.BitDecrement(1f);
    }

    private void Refill()
    {
        for (var i = 0; i < Size; i++)
        {
            var y = (_state[i] & 0x80000000u) | (_state[(i + 1) % Size] & 0x7fffffffu);
            _state[i] = _state[(i + Middle) % Size] ^ (y >> 1) ^ ((y & 1) == 0 ? 0u : 0x9908b0dfu);
        }

        _index = 0;
    }
}
