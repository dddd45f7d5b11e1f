using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Sampling;

/// <summary>Log softmax and the most likely tokens against sums in double precision.</summary>
public sealed class LogProbabilitiesTests
{
    private static readonly FakeTokenizer s_tokenizer = new();

    [Theory]
    [InlineData(259, 1)]
    [InlineData(37, 2)]
    [InlineData(16, 3)]
    [InlineData(5, 4)]
    public void Of_RandomLogits_AreTheLogSoftmaxLargestFirst(int count, int seed)
    {
        var random = new Random(seed);
        var logits = Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 40) - 20)).ToArray();
        var normalizer = Math.Log(logits.Sum(l => Math.Exp(l)));
        for (var id = 0; id < count; id += 3)
        {
            var token = LogProbabilities.Of(logits, id, 20, s_tokenizer);
            Assert.Equal(id, token.TokenId);
            Assert.Equal(logits[id] - normalizer, token.LogProbability, 1e-4);
            var expected = Enumerable.Range(0, count).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(20).ToArray();
            Assert.Equal(expected, token.Top.Select(t => t.TokenId));
            Assert.All(token.Top, t => Assert.Equal(logits[t.TokenId] - normalizer, t.LogProbability, 1e-4));
        }
    }

    [Fact]
    public void Of_EqualLogits_OrderIsByIdAndCountIsHonoured()
    {
        var logits = new float[100];
        var token = LogProbabilities.Of(logits, 50, 3, s_tokenizer);

        Assert.Equal([0, 1, 2], token.Top.Select(t => t.TokenId));
        Assert.Equal(-Math.Log(100), token.LogProbability, 1e-6);
        Assert.Empty(LogProbabilities.Of(logits, 50, 0, s_tokenizer).Top);
    }

    [Fact]
    public void Of_NoNumberAndInfinity_CountAsNone()
    {
        var logits = new float[40];
        logits.AsSpan().Fill(float.NegativeInfinity);
        Assert.Equal(float.NegativeInfinity, LogProbabilities.Of(logits, 3, 0, s_tokenizer).LogProbability);

        logits[3] = float.NaN;
        logits[7] = 1;
        logits[39] = 1;
        var token = LogProbabilities.Of(logits, 7, 2, s_tokenizer);
        Assert.Equal(-Math.Log(2), token.LogProbability, 1e-6);
        Assert.Equal([7, 39], token.Top.Select(t => t.TokenId));
        Assert.Equal(float.NegativeInfinity, LogProbabilities.Of(logits, 3, 0, s_tokenizer).LogProbability);

        // A broken model: nothing that is not a number comes out.
        logits[7] = float.PositiveInfinity;
        Assert.Equal(float.NegativeInfinity, LogProbabilities.Of(logits, 7, 0, s_tokenizer).LogProbability);
    }

    [Fact]
    public void Of_LargeLogits_DoNotOverflow()
    {
        var logits = new float[64];
        logits.AsSpan().Fill(3e38f);
        Assert.Equal(-Math.Log(64), LogProbabilities.Of(logits, 0, 0, s_tokenizer).LogProbability, 1e-5);
    }
}
