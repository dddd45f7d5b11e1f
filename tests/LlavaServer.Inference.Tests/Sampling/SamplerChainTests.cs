using LlavaServer.Inference.Sampling;

namespace LlavaServer.Inference.Tests.Sampling;

/// <summary>The newer stages against their formulae in double precision, written without a thought for speed.</summary>
public sealed class SamplerChainTests
{
    private const int Size = 60;

    private static readonly SamplingParameters Neutral = new()
    {
        Temperature = 1,
        TopK = 0,
        TopP = 1,
        MinP = 0,
        Seed = 7,
    };

    [Theory]
    [InlineData(0.5f)]
    [InlineData(1.5f)]
    [InlineData(9f)]
    public void Sample_TopNSigma_LeavesLogitsWithinDeviations(float n)
    {
        var logits = Logits(1);
        var mean = logits.Average(l => (double)l);
        var sigma = Math.Sqrt(logits.Average(l => (l - mean) * (l - mean)));
        Assert.Equal(
            Enumerable.Range(0, Size).Where(i => logits[i] >= logits.Max() - (n * sigma)),
            Left(Neutral with { TopNSigma = n }, logits).Keys.Order());
    }

    [Theory]
    [InlineData(1f, 0.5f, 1f)]
    [InlineData(0.8f, 0.8f, 2f)]
    [InlineData(0.2f, 1.5f, 0.4f)]
    public void Sample_DynamicTemperature_FollowsTheEntropy(float temperature, float range, float exponent)
    {
        var logits = Logits(2);
        var plain = Softmax(logits, 1);
        var entropy = -plain.Sum(p => p * Math.Log(p));
        var least = Math.Max(0, temperature - range);
        var dynamic = least + ((temperature + range - least) * Math.Pow(entropy / Math.Log(Size), exponent));
        var expected = Softmax(logits, dynamic);
        var left = Left(Neutral with { Temperature = temperature, DynamicTemperatureRange = range, DynamicTemperatureExponent = exponent }, logits);
        Assert.All(left, pair => Assert.Equal(expected[pair.Key], pair.Value, 1e-5));
    }

    [Fact]
    public void Sample_XtcAlways_TakesOutAllLikelyOnesButTheLeast()
    {
        var logits = Logits(3);
        var p = Softmax(logits, 1);
        var likely = Enumerable.Range(0, Size).Where(i => p[i] >= 0.03).OrderBy(i => p[i]).ToList();
        Assert.True(likely.Count > 2);
        var left = Left(Neutral with { XtcProbability = 1, XtcThreshold = 0.03f }, logits);
        Assert.Equal(Enumerable.Range(0, Size).Except(likely.Skip(1)), left.Keys.Order());
        Assert.Equal(Size, Left(Neutral with { XtcProbability = 1, XtcThreshold = 0.03f, MinKeep = Size }, logits).Count);
        Assert.Equal(Size, Left(Neutral with { XtcProbability = 1, XtcThreshold = 0.51f }, logits).Count);
    }

    [Fact]
    public void Sample_XtcSometimes_AsOftenAsItsProbability()
    {
        var sampler = new Sampler(Neutral with { XtcProbability = 0.3f, XtcThreshold = 0.03f }, 64);
        var candidates = new CandidateList(Size);
        var count = 0;
        for (var i = 0; i < 2000; i++)
        {
            sampler.Sample(Logits(3), candidates);
            count += candidates.Count < Size ? 1 : 0;
        }

        Assert.InRange(count, 520, 680);
    }

    [Fact]
    public void Sample_Dry_PunishesWhatWouldGoOnWithARun()
    {
        var random = new MersenneTwister(5);
        for (var round = 0; round < 300; round++)
        {
            var history = Enumerable.Range(0, 5 + (round % 40)).Select(_ => (int)(random.NextUInt32() % 4)).ToArray();
            var dry = new DryParameters { Multiplier = 0.7f, Base = 1.3f, AllowedLength = round % 4, LastN = 10 + (round % 30) };
            var logits = Logits(round);
            var expected = (float[])logits.Clone();
            foreach (var (token, length) in Runs(history.TakeLast(dry.LastN).ToArray(), dry.AllowedLength))
            {
                expected[token] -= (float)(dry.Multiplier * Math.Pow(dry.Base, length - dry.AllowedLength));
            }

            var p = Softmax(expected, 1);
            Assert.All(Left(Neutral with { Dry = dry }, logits, history), pair => Assert.Equal(p[pair.Key], pair.Value, 1e-5));
        }
    }

    [Fact]
    public void Apply_DryBreaker_NoRunGoesAcrossIt()
    {
        // 1 2 3 9 4 5 | 1 2 3 9 4 5: with 9 4 as a breaker only the 5 after it repeats.
        int[] history = [1, 2, 3, 9, 4, 5, 1, 2, 3, 9, 4, 5];
        var breakers = new DryBreakers();
        breakers.Add(9, [4]);
        Assert.Equal([1], Punished(history, breakers, allowedLength: 1));
        Assert.Empty(Punished(history, breakers, allowedLength: 2));
        Assert.Equal([1], Punished(history, new DryBreakers(), allowedLength: 2));

        // A token that alone is a breaker is never punished.
        var single = new DryBreakers();
        single.Add(1, []);
        Assert.Empty(Punished(history, single, allowedLength: 1));
    }

    [Theory]
    [InlineData(MirostatVersion.One, 3f)]
    [InlineData(MirostatVersion.Two, 3f)]
    [InlineData(MirostatVersion.One, 1f)]
    [InlineData(MirostatVersion.Two, 5f)]
    public void Sample_Mirostat_CutsByItsFormulaAndCorrectsItself(MirostatVersion version, float tau)
    {
        var parameters = Neutral with { Mirostat = version, MirostatTau = tau, MirostatEta = 0.3f, Temperature = 1.3f };
        var sampler = new Sampler(parameters, 64);
        var candidates = new CandidateList(Size);
        double mu = 2 * tau;
        for (var step = 0; step < 50; step++)
        {
            var logits = Logits(step);
            var sorted = Softmax(logits, 1.3).OrderDescending().ToArray();
            var kept = version == MirostatVersion.One ? KeptByRank(sorted, mu) : Math.Max(1, sorted.TakeWhile(p => -Math.Log2(p) <= mu).Count());
            var picked = sampler.Sample(logits, candidates);
            Assert.Equal(kept, candidates.Count);
            var share = Softmax(logits, 1.3)[picked] / sorted.Take(kept).Sum();
            mu -= 0.3 * (-Math.Log2(share) - tau);
        }
    }

    [Fact]
    public void Sample_Mirostat_LeavesOutEveryOtherStage()
    {
        var parameters = Neutral with { Mirostat = MirostatVersion.Two, TopK = 1, RepeatPenalty = 100, XtcProbability = 1, Dry = new() { Multiplier = 5 } };
        Assert.Equal(Size, Left(parameters with { MirostatTau = 100 }, Logits(4), 1, 2, 3).Count);
    }

    [Fact]
    public void Sample_Order_StagesApplyAsGiven()
    {
        var logits = Logits(6);
        var hot = Neutral with { Temperature = 3, TopP = 0.5f };
        var first = Left(hot with { Order = [SamplerKind.TopP, SamplerKind.Temperature] }, logits);
        var last = Left(hot with { Order = [SamplerKind.Temperature, SamplerKind.TopP] }, logits);
        Assert.Equal(Nucleus(Softmax(logits, 1), 0.5), first.Count);
        Assert.Equal(Nucleus(Softmax(logits, 3), 0.5), last.Count);
        Assert.True(first.Count < last.Count);

        // A stage that is left out does nothing, the temperature too.
        var p = Softmax(logits, 1);
        Assert.All(Left(hot with { Order = [SamplerKind.MinP] }, logits), pair => Assert.Equal(p[pair.Key], pair.Value, 1e-5));
    }

    [Fact]
    public void Sample_PenaltiesAfterTopK_FindTheirTokens()
    {
        var logits = Logits(8);
        var likeliest = Array.IndexOf(logits, logits.Max());
        var parameters = Neutral with { TopK = 5, PresencePenalty = 50, Order = [SamplerKind.TopK, SamplerKind.Penalties, SamplerKind.TopP] };
        var left = Left(parameters with { TopP = 0.999f }, logits, likeliest);
        Assert.Equal(4, left.Count);
        Assert.DoesNotContain(likeliest, left.Keys);
    }

    [Theory]
    [InlineData("top_p")]
    [InlineData("min_p")]
    [InlineData("typical")]
    public void Sample_MinKeep_LeavesThatMany(string stage)
    {
        var parameters = stage switch
        {
            "top_p" => Neutral with { TopP = 0.01f },
            "min_p" => Neutral with { MinP = 1 },
            _ => Neutral with { TypicalP = 0.01f },
        };
        Assert.Single(Left(parameters, Logits(9)));
        Assert.Equal(6, Left(parameters with { MinKeep = 6 }, Logits(9)).Count);
    }

    private static Dictionary<int, float> Left(SamplingParameters parameters, float[] logits, params int[] history)
    {
        var sampler = new Sampler(parameters, 64);
        Array.ForEach(history, sampler.Accept);
        var candidates = new CandidateList(logits.Length);
        sampler.Sample(logits, candidates);
        return candidates.Items.ToArray().Where(c => c.Probability > 0).ToDictionary(c => c.TokenId, c => c.Probability);
    }

    private static List<int> Punished(int[] history, DryBreakers breakers, int allowedLength)
    {
        var stage = new DryStage(new DryParameters { Multiplier = 1, AllowedLength = allowedLength }, 64, breakers);
        Array.ForEach(history, stage.Accept);
        var candidates = new CandidateList(Size);
        candidates.Fill(new float[Size]);
        stage.Apply(candidates);
        return [.. candidates.Items.ToArray().Where(c => c.Logit < 0).Select(c => c.TokenId)];
    }

    // For each earlier place whose preceding tokens are also the last ones: the token there, with the longest such run.
    private static Dictionary<int, int> Runs(int[] history, int allowedLength)
    {
        var runs = new Dictionary<int, int>();
        if (history.Length <= allowedLength)
        {
            return runs;
        }

        for (var place = 1; place < history.Length; place++)
        {
            var length = 0;
            while (length < place && history[place - 1 - length] == history[^(1 + length)])
            {
                length++;
            }

            if (length >= allowedLength)
            {
                runs[history[place]] = Math.Max(length, runs.GetValueOrDefault(history[place]));
            }
        }

        return runs;
    }

    private static int KeptByRank(double[] sorted, double mu)
    {
        var products = 0.0;
        var squares = 0.0;
        for (var i = 0; i < 99 && i < sorted.Length - 1; i++)
        {
            var t = Math.Log((i + 2.0) / (i + 1.0));
            products += t * Math.Log(sorted[i] / sorted[i + 1]);
            squares += t * t;
        }

        var s = products / squares;
        var k = Math.Pow((s - 1) * Math.Pow(2, mu) / (1 - Math.Pow(Size, 1 - s)), 1 / s);
        return (int)Math.Clamp(k, 1, sorted.Length);
    }

    private static int Nucleus(double[] p, double reach)
    {
        var sum = 0.0;
        return p.OrderDescending().TakeWhile(x => (sum += x) - x < reach).Count();
    }

    private static double[] Softmax(float[] logits, double temperature)
    {
        var p = logits.Select(l => Math.Exp((l - logits.Max()) / temperature)).ToArray();
        return [.. p.Select(x => x / p.Sum())];
    }

    private static float[] Logits(int seed)
    {
        var random = new MersenneTwister((uint)seed);
        return [.. Enumerable.Range(0, Size).Select(_ => (float)(random.NextDouble() * 5))];
    }
}
