using System.Text;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Sequence breakers of DRY as tokens: a head token that contains or overlaps a breaker's text, with the tokens that complete it. Immutable. Built as
/// llama.cpp builds them, so that the same runs are punished.
/// </summary>
internal sealed class DryBreakers
{
    /// <summary>Bytes of a breaker and tokens of its tail that count; llama.cpp's values. They keep the search linear in the history.</summary>
    private const int MaxBytes = 40;

    private const int MaxTail = 20;
    private static readonly int[] s_none = [];
    private readonly Dictionary<int, List<int[]>> _tails = [];

    public static DryBreakers From(IReadOnlyList<string> texts, ITokenizer tokenizer)
    {
        var breakers = new DryBreakers();
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            if (bytes.Length > 0)
            {
                breakers.AddText(bytes[..Math.Min(bytes.Length, MaxBytes)], tokenizer);
            }
        }

        return breakers;
    }

    public void Add(int headTokenId, int[] tail)
    {
        if (!_tails.TryGetValue(headTokenId, out var tails))
        {
            _tails.Add(headTokenId, tails = []);
        }

        if (!tails.Exists(other => other.AsSpan().SequenceEqual(tail)))
        {
            tails.Add(tail);
        }
    }

    /// <summary>The tails of a head, or null.</summary>
    public List<int[]>? TailsOf(int tokenId) => _tails.GetValueOrDefault(tokenId);

    /// <summary>Whether the token alone is a breaker.</summary>
    public bool IsBreaker(int tokenId) => TailsOf(tokenId) is { } tails && tails.Exists(static tail => tail.Length == 0);

    private void AddText(byte[] text, ITokenizer tokenizer)
    {
        for (var tokenId = 0; tokenId < tokenizer.VocabularySize; tokenId++)
        {
            var word = tokenizer.GetBytes(tokenId, special: true);
            if (word.IndexOf(text) >= 0)
            {
                Add(tokenId, s_none);
                continue;
            }

            // The word's end is the text's beginning.
            for (var at = Math.Max(0, word.Length - text.Length + 1); at < word.Length; at++)
            {
                if (text.AsSpan().StartsWith(word[at..]))
                {
                    Add(tokenId, TailOf(text.AsSpan(word.Length - at), tokenizer));
                }
            }
        }
    }

    private static int[] TailOf(ReadOnlySpan<byte> rest, ITokenizer tokenizer)
    {
        var tokens = new List<int>();
        tokenizer.Encode(Encoding.UTF8.GetString(rest), addSpecial: false, parseSpecial: false, tokens);
        return [.. tokens.Take(MaxTail)];
    }
}
