using System.Numerics;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Log softmax of a model's logits, as llama-server's <c>n_probs</c>: of the logits as they are, before grammar, bias, penalties and filters. Reads
/// them, never changes them. Called on the scheduler thread, only for sequences that ask.
/// </summary>
internal static class LogProbabilities
{
    /// <summary>The picked token, without its text, and the most likely ones.</summary>
    /// <param name="logits">One value per token of the vocabulary; not a number counts as none.</param>
    /// <param name="tokenId">The picked token.</param>
    /// <param name="count">Alternatives wanted, at most <see cref="TokenLogProbability.MostAlternatives"/>.</param>
    /// <param name="tokenizer">Bytes of the tokens.</param>
    public static TokenLogProbability Of(ReadOnlySpan<float> logits, int tokenId, int count, ITokenizer tokenizer)
    {
        var max = Max(logits);
        var logSum = LogSum(logits, max);
        Span<int> largest = stackalloc int[TokenLogProbability.MostAlternatives];
        largest = largest[..Largest(logits, largest[..Math.Min(count, TokenLogProbability.MostAlternatives)])];
        var top = new TokenLogProbability[largest.Length];
        for (var i = 0; i < top.Length; i++)
        {
            top[i] = Token(largest[i], LogProbability(logits[largest[i]] - max, logSum), tokenizer);
        }

        return Token(tokenId, LogProbability(logits[tokenId] - max, logSum), tokenizer) with { Top = top };
    }

    /// <summary>Logarithm of the sum of the exponentials of the distances to the largest; not a number when that is not finite.</summary>
    private static double LogSum(ReadOnlySpan<float> logits, float max)
    {
        var width = Vector<float>.Count;
        var sums = Vector<double>.Zero;
        var i = 0;
        for (; i <= logits.Length - width; i += width)
        {
            Vector.Widen(Numbers(new Vector<float>(logits[i..])) - new Vector<float>(max), out var low, out var high);
            sums += Vector.Exp(low) + Vector.Exp(high);
        }

        var sum = Vector.Sum(sums);
        for (; i < logits.Length; i++)
        {
            sum += float.IsNaN(logits[i]) ? 0 : Math.Exp(logits[i] - max);
        }

        return Math.Log(sum);
    }

    private static float Max(ReadOnlySpan<float> logits)
    {
        var width = Vector<float>.Count;
        var largest = new Vector<float>(float.NegativeInfinity);
        var i = 0;
        for (; i <= logits.Length - width; i += width)
        {
            largest = Vector.Max(largest, Numbers(new Vector<float>(logits[i..])));
        }

        var max = float.NegativeInfinity;
        for (var lane = 0; lane < width; lane++)
        {
            max = MathF.Max(max, largest[lane]);
        }

        for (; i < logits.Length; i++)
        {
            max = logits[i] > max ? logits[i] : max;
        }

        return max;
    }

    private static Vector<float> Numbers(Vector<float> logits) =>
        Vector.ConditionalSelect(Vector.Equals(logits, logits), logits, new Vector<float>(float.NegativeInfinity));

    /// <summary>Ids of the largest logits, largest first, of equal ones the lower id; returns how many there are.</summary>
    private static int Largest(ReadOnlySpan<float> logits, Span<int> ids)
    {
        var count = 0;
        for (var id = 0; id < logits.Length && ids.Length > 0; id++)
        {
            var logit = logits[id];
            if (float.IsNaN(logit) || (count == ids.Length && logit <= logits[ids[^1]]))
            {
                continue;
            }

            var at = count < ids.Length ? count++ : count - 1;
            for (; at > 0 && logit > logits[ids[at - 1]]; at--)
            {
                ids[at] = ids[at - 1];
            }

            ids[at] = id;
        }

        return count;
    }

    // An infinite logit has all the probability; where no logit is a number, no token has any.
    private static float LogProbability(float distance, double logSum) =>
        double.IsFinite(logSum) && !float.IsNaN(distance) ? (float)(distance - logSum) : float.NegativeInfinity;

    private static TokenLogProbability Token(int tokenId, float logProbability, ITokenizer tokenizer)
    {
        var bytes = tokenizer.GetBytes(tokenId, special: true).ToArray();
        return new TokenLogProbability
        {
            TokenId = tokenId,
            Text = System.Text.Encoding.UTF8.GetString(bytes),
            Bytes = bytes,
            LogProbability = logProbability,
        };
    }
}
