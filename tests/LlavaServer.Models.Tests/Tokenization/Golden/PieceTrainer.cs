namespace LlavaServer.Models.Tests.Tokenization.Golden;

/// <summary>Learns merges as BPE does (Sennrich et al. 2016, arXiv 1508.07909): again and again the most frequent pair becomes one symbol.</summary>
internal static class PieceTrainer
{
    /// <param name="words">Each word as its symbols.</param>
    /// <param name="count">How many merges to learn at most.</param>
    /// <returns>The pairs in the order in which they were joined.</returns>
    public static List<(string Left, string Right)> Learn(IEnumerable<string[]> words, int count)
    {
        var chains = words.GroupBy(word => string.Join('\0', word)).Select(group => (Symbols: group.First().ToList(), Count: group.Count())).ToList();
        var counts = new Dictionary<(string, string), int>();
        var places = new Dictionary<(string, string), HashSet<int>>();
        for (var i = 0; i < chains.Count; i++)
        {
            Count(chains[i].Symbols, i, chains[i].Count, counts, places);
        }

        var merges = new List<(string Left, string Right)>();
        while (merges.Count < count && counts.Count > 0)
        {
            var best = counts.Aggregate((a, b) => Better(b, a) ? b : a);
            if (best.Value < 2)
            {
                break;
            }

            merges.Add(best.Key);
            foreach (var i in places[best.Key].ToArray())
            {
                Count(chains[i].Symbols, i, -chains[i].Count, counts, places);
                Join(chains[i].Symbols, best.Key);
                Count(chains[i].Symbols, i, chains[i].Count, counts, places);
            }
        }

        return merges;
    }

    private static bool Better(KeyValuePair<(string, string), int> a, KeyValuePair<(string, string), int> b)
    {
        if (a.Value != b.Value)
        {
            return a.Value > b.Value;
        }

        var left = string.CompareOrdinal(a.Key.Item1, b.Key.Item1);
        return left != 0 ? left < 0 : string.CompareOrdinal(a.Key.Item2, b.Key.Item2) < 0;
    }

    private static void Count(
        List<string> symbols, int place, int amount, Dictionary<(string, string), int> counts, Dictionary<(string, string), HashSet<int>> places)
    {
        for (var i = 1; i < symbols.Count; i++)
        {
            var pair = (symbols[i - 1], symbols[i]);
            var total = counts.GetValueOrDefault(pair) + amount;
            if (total == 0)
            {
                counts.Remove(pair);
            }
            else
            {
                counts[pair] = total;
            }

            if (!places.TryGetValue(pair, out var at))
            {
                places.Add(pair, at = []);
            }

            at.Add(place);
        }
    }

    private static void Join(List<string> symbols, (string Left, string Right) pair)
    {
        for (var i = 1; i < symbols.Count; i++)
        {
            if (symbols[i - 1] == pair.Left && symbols[i] == pair.Right)
            {
                symbols[i - 1] += symbols[i];
                symbols.RemoveAt(i);
            }
        }
    }
}
