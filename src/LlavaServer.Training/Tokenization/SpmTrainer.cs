namespace LlavaServer.Training.Tokenization;

/// <summary>
/// Byte pair encoding over words (Sennrich et al. 2016, arXiv 1508.07909). Pieces come in merge order with the single characters last,
/// as SentencePiece writes them, so that merging by score retraces the training. Digits stay single.
/// </summary>
public static class SpmTrainer
{
    public static SpmVocabulary Train(IEnumerable<string> texts, int merges)
    {
        var counts = CountWords(texts, out var characters);
        var words = counts.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal)
            .Select(w => (Symbols: w.Key.Select(c => c.ToString()).ToList(), Count: w.Value)).ToList();
        var pieces = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (pieces.Count < merges)
        {
            var pairs = new Dictionary<(string, string), long>();
            foreach (var (symbols, count) in words)
            {
                for (var i = 0; i + 1 < symbols.Count; i++)
                {
                    if (Mergeable(symbols[i], symbols[i + 1]))
                    {
                        pairs[(symbols[i], symbols[i + 1])] = pairs.GetValueOrDefault((symbols[i], symbols[i + 1])) + count;
                    }
                }
            }

            if (pairs.Count == 0)
            {
                break;
            }

            var (left, right) = pairs.OrderByDescending(p => p.Value).ThenBy(p => p.Key.Item1 + " " + p.Key.Item2, StringComparer.Ordinal).First().Key;
            if (seen.Add(left + right))
            {
                pieces.Add(left + right);
            }

            foreach (var (symbols, _) in words)
            {
                for (var i = 0; i + 1 < symbols.Count; i++)
                {
                    if (symbols[i] == left && symbols[i + 1] == right)
                    {
                        symbols[i] += right;
                        symbols.RemoveAt(i + 1);
                    }
                }
            }
        }

        return new SpmVocabulary(pieces.Concat(characters));
    }

    private static Dictionary<string, long> CountWords(IEnumerable<string> texts, out IReadOnlyList<string> characters)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var alphabet = new SortedSet<char>(Enumerable.Range(33, 94).Select(i => (char)i)) { SpmVocabulary.Space };
        foreach (var text in texts)
        {
            var marked = SpmVocabulary.Space + text.Replace(' ', SpmVocabulary.Space);
            for (var start = 0; start < marked.Length;)
            {
                var end = start + 1;
                while (end < marked.Length && marked[end] != SpmVocabulary.Space && marked[end] != '\n' && marked[end - 1] != '\n')
                {
                    end++;
                }

                if (marked[start] != '\n')
                {
                    counts[marked[start..end]] = counts.GetValueOrDefault(marked[start..end]) + 1;
                }

                start = end;
            }
        }

        characters = [.. alphabet.Select(c => c.ToString())];
        return counts;
    }

    /// <summary>Letters merge with letters; the two role markers also take their colon.</summary>
    private static bool Mergeable(string left, string right)
    {
        var word = left + right;
        return word.AsSpan(word[0] == SpmVocabulary.Space ? 1 : 0).IndexOfAnyExcept(Letters) < 0
            || word is "▁USER:" or "▁ASSISTANT:";
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}
