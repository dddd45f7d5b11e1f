using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Tests.Sampling;

/// <summary>The numbers that std::mt19937 with libstdc++'s generate_canonical draws, taken from llama.cpp's sampler.</summary>
public sealed class MersenneTwisterTests
{
    [Theory]
    [InlineData(1u, 0.9971848082302656, 0.9325573613681655, 0.128124447772306)]
    [InlineData(42u, 0.796542984287846, 0.18343478789336848, 0.7796909976126613)]
    [InlineData(123456u, 0.5149132558440254, 0.8981254217137391, 0.705820123492851)]
    public void NextDouble_Seed_DrawsTheReferenceNumbers(uint seed, double first, double second, double third)
    {
        var random = new MersenneTwister(seed);
        Assert.Equal(first, random.NextDouble(), 1e-15);
        Assert.Equal(second, random.NextDouble(), 1e-15);
        Assert.Equal(third, random.NextDouble(), 1e-15);
    }

    [Fact]
    public void NextUInt32_DefaultSeed_TenThousandthIsTheStandardsValue()
    {
        // The C++ standard, [rand.predef]: the 10000th output of a default-constructed mt19937 is 4123659995.
        var random = new MersenneTwister(5489);
        var value = 0u;
        for (var i = 0; i < 10_000; i++)
        {
            value = random.NextUInt32();
        }

        Assert.Equal(4123659995u, value);
    }
}
