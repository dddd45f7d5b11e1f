namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Mirostat (Basu et al. 2021): keeps as many of the most likely candidates as bring the surprise of the answer near a target, draws, and corrects itself
/// by what it drew. Owned by one sampler.
/// </summary>
internal sealed class Mirostat(SamplingParameters parameters, MersenneTwister random)
{
    /// <summary>Candidates from which the first version estimates the exponent of Zipf's law; llama.cpp's value.</summary>
    private const int EstimatedFrom = 100;

    private float _mu = 2f * parameters.MirostatTau;

    public int Draw(CandidateList candidates, int vocabularySize)
    {
        candidates.Sort();
        candidates.Softmax();
        candidates.Truncate(parameters.Mirostat == MirostatVersion.One ? KeptByRank(candidates.Items, vocabularySize) : KeptBySurprise(candidates.Items));
        candidates.Softmax();
        ref readonly var drawn = ref candidates.Items[DrawIndex(candidates.Items)];
        _mu -= parameters.MirostatEta * (-MathF.Log2(drawn.Probability) - parameters.MirostatTau);
        return drawn.TokenId;
    }

    private int KeptByRank(ReadOnlySpan<Candidate> items, int vocabularySize)
    {
        var products = 0f;
        var squares = 0f;
        for (var i = 0; i < EstimatedFrom - 1 && i < items.Length - 1 && items[i + 1].Probability > 0f; i++)
        {
            var t = MathF.Log((i + 2f) / (i + 1f));
            var b = MathF.Log(items[i].Probability / items[i + 1].Probability);
            products += t * b;
            squares += t * t;
        }

        if (squares == 0f)
        {
            return 1;
        }

        var s = products / squares;
        var epsilon = s - 1f;
        var k = MathF.Pow(epsilon * MathF.Pow(2f, _mu) / (1f - MathF.Pow(vocabularySize, -epsilon)), 1f / s);

        // Equal logits have an exponent of 0 and a k beyond all bounds: all are kept (llama.cpp's conversion to int makes it one).
        return float.IsNaN(k) ? items.Length : (int)Math.Clamp(k, 1f, items.Length);
    }

    private int KeptBySurprise(ReadOnlySpan<Candidate> items)
    {
        var kept = 0;
        while (kept < items.Length && -MathF.Log2(items[kept].Probability) <= _mu)
        {
            kept++;
        }

        return kept;
    }

    /// <summary>As libstdc++'s <c>discrete_distribution</c>: one candidate takes no number; cumulated in double, the first that reaches the number.</summary>
    private int DrawIndex(ReadOnlySpan<Candidate> items)
    {
        if (items.Length == 1)
        {
            return 0;
        }

        var sum = 0.0;
        foreach (ref readonly var item in items)
        {
            sum += item.Probability;
        }

        var drawn = random.NextDouble();
        var cumulated = 0.0;
        for (var i = 0; i < items.Length - 1; i++)
        {
            cumulated += items[i].Probability / sum;
            if (cumulated >= drawn)
            {
                return i;
            }
        }

        return items.Length - 1;
    }
}
