using System.Security.Cryptography;
using LlavaServer.Inference.Grammars;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Picks the next token of one sequence from its logits, with llama.cpp's chain: logit bias, the stages in the request's order, then a draw; or bias,
/// temperature and mirostat. Owned by its sequence, called on the scheduler thread; allocates nothing per token.
/// </summary>
internal sealed class Sampler
{
    private readonly MersenneTwister _random;
    private readonly SamplerStage[] _stages;
    private readonly KeyValuePair<int, float>[] _bias;
    private readonly Mirostat? _mirostat;
    private readonly bool _takesLargest;
    private int _accepted;

    /// <param name="parameters">Of the request; a seed of null, or llama.cpp's 0xFFFFFFFF, takes a random one.</param>
    /// <param name="contextLength">What a look back of -1 stands for.</param>
    /// <param name="tokenizer">Of the model: finds the tokens of DRY's breakers; without one there are no breakers.</param>
    public Sampler(SamplingParameters parameters, int contextLength, ITokenizer? tokenizer = null)
    {
        Seed = parameters.Seed is { } seed and not uint.MaxValue ? seed : BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        _random = new MersenneTwister(Seed);
        _bias = parameters.LogitBias is { Count: > 0 } bias ? [.. bias] : [];
        if (parameters.Mirostat != MirostatVersion.Off)
        {
            _stages = [new TemperatureStage(parameters.Temperature, 0f, 1f)];
            _mirostat = new Mirostat(parameters, _random);
            return;
        }

        _stages = SamplerChain.Build(parameters, Seed, contextLength, tokenizer);
        _takesLargest = _bias.Length == 0
            && Array.TrueForAll(_stages, static stage => stage.KeepsLargest)
            && Array.Exists(_stages, static stage => stage is TemperatureStage { IsGreedy: true });
    }

    /// <summary>The seed in effect.</summary>
    public uint Seed { get; }

    /// <summary>The form that the answer must have, or null.</summary>
    public GrammarMatcher? Grammar { get; init; }

    /// <summary>Tokens that end the answer and are not picked before <see cref="EndsAfter"/> others; but for a grammar that leaves nothing else.</summary>
    public int[] EndTokens { get; init; } = [];

    /// <summary>Accepted tokens before one of <see cref="EndTokens"/> may be picked.</summary>
    public int EndsAfter { get; init; }

    private bool BansEnd => EndTokens.Length > 0 && _accepted < EndsAfter;

    /// <summary>Takes a text token of the prompt into the history that penalties and DRY look at.</summary>
    public void AcceptPrompt(int tokenId)
    {
        foreach (var stage in _stages)
        {
            stage.Accept(tokenId);
        }
    }

    /// <summary>Takes a picked token: the history and the grammar go on.</summary>
    public void Accept(int tokenId)
    {
        AcceptPrompt(tokenId);
        _accepted++;
        Grammar?.Accept(tokenId);
    }

    /// <summary>Picks a token, -1 if the grammar leaves none. Does not accept it. The grammar is applied before everything else, but for one that leaves the model free.</summary>
    /// <param name="logits">One value per token of the vocabulary.</param>
    /// <param name="candidates">Working space for this vocabulary; afterwards what was drawn from, with its probabilities unless the largest was taken.</param>
    public int Sample(ReadOnlySpan<float> logits, CandidateList candidates)
    {
        if (Grammar is not { } grammar)
        {
            return SampleFreely(logits, candidates);
        }

        if (grammar.IsFree && SampleFreely(logits, candidates) is var free && grammar.Allows(free))
        {
            return free;
        }

        candidates.Fill(logits, grammar.Mask);
        return candidates.Count == 0 ? -1 : SampleFrom(candidates, logits.Length);
    }

    private int SampleFreely(ReadOnlySpan<float> logits, CandidateList candidates)
    {
        if (_takesLargest && Largest(logits) is var largest && !(BansEnd && EndTokens.Contains(largest)))
        {
            return largest;
        }

        candidates.Fill(logits);
        return SampleFrom(candidates, logits.Length);
    }

    private int SampleFrom(CandidateList candidates, int vocabularySize)
    {
        AddBias(candidates);
        if (BansEnd)
        {
            BanEnd(candidates);
        }

        foreach (var stage in _stages)
        {
            stage.Apply(candidates);
        }

        return _mirostat?.Draw(candidates, vocabularySize) ?? Draw(candidates.Items);
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

    private void AddBias(CandidateList candidates)
    {
        foreach (var (tokenId, bias) in _bias)
        {
            if (candidates.IndexOf(tokenId) is >= 0 and var index)
            {
                candidates.Items[index].Logit += bias;
            }
        }
    }

    private void BanEnd(CandidateList candidates)
    {
        var others = candidates.Count;
        foreach (var tokenId in EndTokens)
        {
            others -= candidates.IndexOf(tokenId) >= 0 ? 1 : 0;
        }

        if (others == 0)
        {
            return;
        }

        foreach (var tokenId in EndTokens)
        {
            if (candidates.IndexOf(tokenId) is >= 0 and var index)
            {
                candidates.Items[index].Logit = float.NegativeInfinity;
            }
        }
    }

    private int Draw(Span<Candidate> items)
    {
        var max = CandidateList.Max(items);
        if (!float.IsFinite(max))
        {
            return items[CandidateList.LargestIndex(items)].TokenId;
        }

        var sum = 0.0;
        foreach (ref var item in items)
        {
            item.Probability = MathF.Exp(item.Logit - max);
            sum += item.Probability;
        }

        var target = _random.NextDouble() * sum;
        var running = 0.0;
        var drawn = items[^1].TokenId;
        var isDrawn = false;
        foreach (ref var item in items)
        {
            running += item.Probability;
            if (!isDrawn && running >= target)
            {
                drawn = item.TokenId;
                isDrawn = true;
            }

            item.Probability = (float)(item.Probability / sum);
        }

        return drawn;
    }
}
