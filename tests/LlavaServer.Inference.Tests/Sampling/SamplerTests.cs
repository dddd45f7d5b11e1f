using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Tests.Sampling;

/// <summary>Each filter against its formula, written out plainly over sorted lists.</summary>
public sealed class SamplerTests
{
    private static readonly SamplingParameters Neutral = new()
    {
        Temperature = 1,
        TopK = 0,
        TopP = 1,
        MinP = 0,
        TypicalP = 1,
        RepeatPenalty = 1,
        Seed = 7,
    };

    [Fact]
    public void Sample_TemperatureZero_TakesTheFirstLargest()
    {
        Assert.Equal(1, Pick(Neutral with { Temperature = 0 }, [0, 5, 1, 5]));
        Assert.Equal(1, Pick(Neutral with { Temperature = 0, TypicalP = 0.5f, LogitBias = new Dictionary<int, float> { [3] = -1 } }, [0, 9, 1, 5]));
    }

    [Fact]
    public void Sample_FullVocabulary_FollowsTheDistributionInOrderOfIds()
    {
        // Seed 1 draws 0.9971848..., 0.93255..., 0.128...: cumulated probabilities of equal logits are 0.25, 0.5, 0.75, 1.
        var sampler = new Sampler(Neutral with { Seed = 1 }, 64);
        var candidates = new CandidateList(4);
        Assert.Equal([3, 3, 0], new[] { sampler.Sample([1, 1, 1, 1], candidates), sampler.Sample([1, 1, 1, 1], candidates), sampler.Sample([1, 1, 1, 1], candidates) });
    }

    [Fact]
    public void Sample_Seed42_DrawsReferenceSequence()
    {
        // u = 0.7965, 0.1834, 0.7797 over probabilities sorted descending 0.643914, 0.236883, 0.087144, 0.032059 (logits 3, 2, 1, 0).
        var sampler = new Sampler(Neutral with { Seed = 42, TopK = 4 }, 64);
        var candidates = new CandidateList(4);
        Assert.Equal([2, 0, 2], new[] { sampler.Sample([3, 0, 2, 1], candidates), sampler.Sample([3, 0, 2, 1], candidates), sampler.Sample([3, 0, 2, 1], candidates) });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(1000)]
    public void KeepLargest_RandomLogits_EqualsFullSort(int k)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var logits = Logits(100, seed);
            var candidates = new CandidateList(100);
            candidates.Fill(logits);
            candidates.KeepLargest(k);
            var expected = Enumerable.Range(0, 100).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(k);
            Assert.Equal(expected, candidates.Items.ToArray().Select(c => c.TokenId));
        }
    }

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    [InlineData(0.99f)]
    public void Sample_TopP_DrawsOnlyFromTheSmallestSetThatReachesP(float topP)
    {
        var logits = Logits(30, 5);
        var sorted = Softmax(logits).Select((p, i) => (p, i)).OrderByDescending(x => x.p).ToList();
        var allowed = new HashSet<int>();
        var sum = 0f;
        foreach (var (p, i) in sorted)
        {
            allowed.Add(i);
            sum += p;
            if (sum >= topP)
            {
                break;
            }
        }

        Assert.Equal(allowed.Order(), Drawn(Neutral with { TopP = topP }, logits, 4000 * 5).Order());
    }

    [Theory]
    [InlineData(0.05f)]
    [InlineData(0.3f)]
    [InlineData(1f)]
    public void Sample_MinP_DrawsOnlyTokensOfThatShareOfTheLargest(float minP)
    {
        var logits = Logits(30, 6);
        var limit = logits.Max() + MathF.Log(minP);
        Assert.Equal(
            Enumerable.Range(0, 30).Where(i => logits[i] >= limit),
            Drawn(Neutral with { MinP = minP }, logits, 20_000).Order());
    }

    [Theory]
    [InlineData(0.2f)]
    [InlineData(0.7f)]
    public void Sample_Typical_DrawsOnlyTokensNearTheEntropy(float typicalP)
    {
        var logits = Logits(20, 7);
        var p = Softmax(logits);
        var entropy = -p.Sum(x => x * MathF.Log(x));
        var allowed = new HashSet<int>();
        var sum = 0f;
        foreach (var i in Enumerable.Range(0, 20).OrderBy(i => MathF.Abs(-MathF.Log(p[i]) - entropy)))
        {
            allowed.Add(i);
            sum += p[i];
            if (sum > typicalP)
            {
                break;
            }
        }

        Assert.Equal(allowed.Order(), Drawn(Neutral with { TypicalP = typicalP }, logits, 20_000).Order());
    }

    [Fact]
    public void Sample_Penalties_FollowTheFormula()
    {
        var parameters = Neutral with { Temperature = 0, RepeatPenalty = 2, FrequencyPenalty = 0.5f, PresencePenalty = 0.25f, RepeatLastN = 3 };
        // Token 0: 4/2 - 0.5 - 0.25 = 1.25 beats 1.2; after a second time 2 - 1 - 0.25 = 0.75 does not.
        Assert.Equal(0, Pick(parameters, [4, 1.2f, -9], 0));
        Assert.Equal(1, Pick(parameters, [4, 1.2f, -9], 0, 0));

        // A negative logit is multiplied: -1 * 2 - 0.75 = -2.75 is less than -2.7.
        Assert.Equal(1, Pick(parameters, [-1, -2.7f, -9], 0));

        // Only the last three tokens count.
        Assert.Equal(0, Pick(parameters, [4, 1.2f, -9], 0, 2, 2, 2));
    }

    [Fact]
    public void Sample_RepeatLastN_ZeroIsOffAndMinusOneIsTheContext()
    {
        var parameters = Neutral with { Temperature = 0, RepeatPenalty = 10 };
        Assert.Equal(0, Pick(parameters with { RepeatLastN = 0 }, [4, 1], 0));
        Assert.Equal(1, Pick(parameters with { RepeatLastN = -1 }, [4, 1], [0, .. Enumerable.Repeat(5, 60)]));
    }

    [Fact]
    public void Sample_LogitBias_IsAddedBeforeEverything()
    {
        Assert.Equal(2, Pick(Neutral with { Temperature = 0, LogitBias = new Dictionary<int, float> { [2] = 100, [77] = 1 } }, [5, 4, 3]));
        Assert.Equal(1, Pick(Neutral with { TopK = 1, LogitBias = new Dictionary<int, float> { [0] = float.NegativeInfinity } }, [5, 4, 3]));
    }

    [Theory]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void SCH19_OddLogitsAndParameters_StillPickAToken(float odd)
    {
        float[] temperatures = [0, 1e-30f, 1, 1e30f];
        foreach (var temperature in temperatures)
        {
            foreach (var parameters in new[]
            {
                Neutral, Neutral with { TopK = 2 }, Neutral with { TopP = 0 }, Neutral with { TypicalP = 0 }, Neutral with { MinP = 2 },
                Neutral with { RepeatPenalty = 0.001f, RepeatLastN = 8 }, Neutral with { TopNSigma = 0.001f }, Neutral with { MinKeep = 1000, MinP = 1 },
                Neutral with { XtcProbability = 1, XtcThreshold = 0 }, Neutral with { DynamicTemperatureRange = 2, DynamicTemperatureExponent = 100 },
                Neutral with { Dry = new() { Multiplier = 1000, Base = 1000, AllowedLength = 0 } }, Neutral with { Order = [] },
                Neutral with { Mirostat = MirostatVersion.One }, Neutral with { Mirostat = MirostatVersion.Two, MirostatTau = 0, MirostatEta = 1 },
            })
            {
                Assert.InRange(Pick(parameters with { Temperature = temperature }, [odd, odd, odd, odd], 1, 2), 0, 3);
                Assert.InRange(Pick(parameters with { Temperature = temperature }, [odd, 1, 3e38f, -3e38f], 1, 2), 0, 3);
            }
        }
    }

    [Fact]
    public void Sample_SameSeed_SameTokens()
    {
        var logits = Logits(50, 3);
        var first = new Sampler(new SamplingParameters { Seed = 99 }, 64);
        var second = new Sampler(new SamplingParameters { Seed = 99 }, 64);
        var candidates = new CandidateList(50);
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(first.Sample(logits, candidates), second.Sample(logits, candidates));
        }

        Assert.NotEqual(new Sampler(new SamplingParameters(), 64).Seed, new Sampler(new SamplingParameters { Seed = uint.MaxValue }, 64).Seed);
    }

    [Fact]
    public void Sample_DefaultParameters_AllocatesNothing()
    {
        var logits = Logits(32_000, 1);
        var candidates = new CandidateList(32_000);
        SamplingParameters[] all =
        [
            new() { Seed = 1, RepeatPenalty = 1.1f }, new() { Seed = 1, TopK = 0, TypicalP = 0.9f, FrequencyPenalty = 1 }, new() { Temperature = 0 },
            new() { Seed = 1, Dry = new() { Multiplier = 1, LastN = 32 }, XtcProbability = 1, TopNSigma = 2, DynamicTemperatureRange = 0.5f },
            new() { Seed = 1, Mirostat = MirostatVersion.One }, new() { Seed = 1, Mirostat = MirostatVersion.Two },
        ];
        foreach (var parameters in all)
        {
            var sampler = new Sampler(parameters, 4096);
            void Step()
            {
                for (var i = 0; i < 200; i++)
                {
                    sampler.Accept(i % 2 == 0 ? sampler.Sample(logits, candidates) : i);
                }
            }

            Step();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Step();
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    private static int Pick(SamplingParameters parameters, float[] logits, params int[] history)
    {
        var sampler = new Sampler(parameters, 64);
        foreach (var token in history)
        {
            sampler.Accept(token);
        }

        return sampler.Sample(logits, new CandidateList(logits.Length));
    }

    private static HashSet<int> Drawn(SamplingParameters parameters, float[] logits, int draws)
    {
        var sampler = new Sampler(parameters, 64);
        var candidates = new CandidateList(logits.Length);
        return [.. Enumerable.Range(0, draws).Select(_ => sampler.Sample(logits, candidates))];
    }

    private static float[] Softmax(float[] logits)
    {
        var max = logits.Max();
        var p = logits.Select(l => MathF.Exp(l - max)).ToArray();
        var sum = p.Sum();
        return [.. p.Select(x => x / sum)];
    }

    private static float[] Logits(int count, int seed)
    {
        var random = new MersenneTwister((uint)seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 5))];
    }
}
