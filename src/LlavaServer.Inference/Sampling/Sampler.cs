using System.Security.Cryptography;

namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Picks the next token of one sequence from its logits, with llama.cpp's chain: logit bias, penalties, top-k, typical, top-p, min-p, temperature,
/// then a draw. Owned by its sequence, called on the scheduler thread; allocates nothing per token.
/// </summary>
internal sealed class Sampler
{
    private readonly SamplingParameters _parameters;
    private readonly MersenneTwister _random;
    private readonly PenaltyHistory? _history;
    private readonly KeyValuePair<int, float>[] _bias;

    /// <param name="parameters">Of the request; a seed of null, or llama.cpp's 0xFFFFFFFF, takes a random one.</param>
    /// <param name="contextLength">What <see cref="SamplingParameters.RepeatLastN"/> of -1 stands for.</param>
    public Sampler(SamplingParameters parameters, int contextLength)
    {
        _parameters = parameters;
        Seed = parameters.Seed is { } seed and not uint.MaxValue ? seed : BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        _random = new MersenneTwister(Seed);
        _bias = parameters.LogitBias is { Count: > 0 } bias ? [.. bias] : [];
        var lastN = parameters.RepeatLastN < 0 ? contextLength : Math.Min(parameters.RepeatLastN, contextLength);
        var penalizes = parameters.RepeatPenalty != 1f || parameters.FrequencyPenalty != 0f || parameters.PresencePenalty != 0f;
        _history = penalizes && lastN > 0 ? new PenaltyHistory(lastN) : null;
    }

    /// <summary>The seed in effect.</summary>
    public uint Seed { get; }

    /// <summary>Takes a token into the history that the penalties look at: text tokens of the prompt and every token picked.</summary>
    public void Accept(int tokenId) => _history?.Add(tokenId);

    /// <summary>Picks a token. Does not accept it.</summary>
    /// <param name="logits">One value per token of the vocabulary.</param>
    /// <param name="candidates">Working space for this vocabulary.</param>
    public int Sample(ReadOnlySpan<float> logits, CandidateList candidates)
    {
        if (_parameters.Temperature <= 0f && _bias.Length == 0 && _history is null && _parameters.TypicalP >= 1f)
        {
            return Largest(logits);
        }

        candidates.Fill(logits);
        AddBias(candidates.Items);
        Penalize(candidates.Items);
        if (_parameters.TopK > 0)
        {
            candidates.KeepLargest(_parameters.TopK);
        }

        KeepTypical(candidates);
        KeepTopP(candidates);
        if (_parameters.MinP > 0f)
        {
            candidates.KeepAtLeast(CandidateList.Max(candidates.Items) + MathF.Log(_parameters.MinP));
        }

        return _parameters.Temperature <= 0f ? LargestOf(candidates.Items) : Draw(candidates.Items);
    }

    private static int Largest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        var bestLogit = float.NegativeInfinity;
        for (var i = 0; i < logits.Length; i++)
        {
            if (logits[i] > bestLogit)
            {
                best = i;
                bestLogit = logits[i];
            }
        }

        return best;
    }

    private static int LargestOf(ReadOnlySpan<Candidate> items)
    {
        var best = 0;
        for (var i = 1; i < items.Length; i++)
        {
            if (items[i].Logit > items[best].Logit)
            {
                best = i;
            }
        }

        return items[best].TokenId;
    }

    private void AddBias(Span<Candidate> items)
    {
        foreach (var (tokenId, bias) in _bias)
        {
            if ((uint)tokenId < (uint)items.Length)
            {
                items[tokenId].Logit += bias;
            }
        }
    }

    private void Penalize(Span<Candidate> items)
    {
        if (_history is null)
        {
            return;
        }

        foreach (var (tokenId, count) in _history.Counts)
        {
            if ((uint)tokenId >= (uint)items.Length)
            {
                continue;
            }

            ref var logit = ref items[tokenId].Logit;
            logit = logit <= 0f ? logit * _parameters.RepeatPenalty : logit / _parameters.RepeatPenalty;
            logit -= (count * _parameters.FrequencyPenalty) + _parameters.PresencePenalty;
        }
    }

    // Locally typical sampling (Meister et al. 2022): candidates whose surprise is nearest to the entropy.
    private void KeepTypical(CandidateList candidates)
    {
        if (_parameters.TypicalP >= 1f)
        {
            return;
        }

        candidates.Sort();
        candidates.Softmax();
        var entropy = 0f;
        foreach (ref readonly var item in candidates.Items)
        {
            entropy += item.Probability > 0f ? -item.Probability * MathF.Log(item.Probability) : 0f;
        }

        var scores = candidates.Scores;
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = MathF.Abs(-MathF.Log(candidates.Items[i].Probability) - entropy);
        }

        candidates.SortByScore();
        var cumulated = 0f;
        var kept = 0;
        foreach (ref readonly var item in candidates.Items)
        {
            kept++;
            cumulated += item.Probability;
            if (cumulated > _parameters.TypicalP)
            {
                break;
            }
        }

        candidates.Truncate(kept);
    }

    private void KeepTopP(CandidateList candidates)
    {
        if (_parameters.TopP >= 1f)
        {
            return;
        }

        candidates.Sort();
        candidates.Softmax();
        var cumulated = 0f;
        var kept = 0;
        foreach (ref readonly var item in candidates.Items)
        {
            kept++;
            cumulated += item.Probability;
            if (cumulated >= _parameters.TopP)
            {
                break;
            }
        }

        candidates.Truncate(kept);
    }

    private int Draw(Span<Candidate> items)
    {
        var temperature = _parameters.Temperature;
        if (!float.IsFinite(CandidateList.Max(items) / temperature))
        {
            return LargestOf(items);
        }

        foreach (ref var item in items)
        {
            item.Logit /= temperature;
        }

        var max = CandidateList.Max(items);
        var sum = 0.0;
        foreach (ref var item in items)
        {
            item.Probability = MathF.Exp(item.Logit - max);
            sum += item.Probability;
        }

        var target = _random.NextDouble() * sum;
        var running = 0.0;
        foreach (ref readonly var item in items)
        {
            running += item.Probability;
            if (running >= target)
            {
                return item.TokenId;
            }
        }

        return items[^1].TokenId;
    }
}
