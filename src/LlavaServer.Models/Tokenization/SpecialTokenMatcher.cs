using System.Buffers;
using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Cuts a text at the special tokens that are spelt out in it. The longest token text (in UTF-8 bytes) is looked for in the whole text first, then
/// the next longest in what is left, and so on, as llama.cpp does. One pass over a trie finds all candidates, so the time does not grow with the
/// number of special tokens. Immutable, any thread.
/// </summary>
internal sealed class SpecialTokenMatcher
{
    public const TokenAttributes Candidates = TokenAttributes.Control | TokenAttributes.UserDefined | TokenAttributes.Unknown;

    private readonly Vocabulary vocabulary;
    private readonly int[] tokens;
    private readonly SearchValues<char> firstChars;

    /// <summary>Child of a node by character, key (node &lt;&lt; 16) | character; node 0 is the root.</summary>
    private readonly Dictionary<long, int> children = [];

    /// <summary>Per node the place in <see cref="tokens"/> of the token that ends there, or -1.</summary>
    private readonly List<int> ends = [-1];

    /// <param name="vocabulary">Where the tokens come from.</param>
    /// <param name="parseSpecial">Whether control and unknown tokens are matched; user-defined tokens always are.</param>
    public SpecialTokenMatcher(Vocabulary vocabulary, bool parseSpecial)
    {
        this.vocabulary = vocabulary;
        tokens = [.. Enumerable.Range(0, vocabulary.Count)
            .Where(id => vocabulary.Has(id, Candidates))
            .Where(id => parseSpecial || !vocabulary.Has(id, TokenAttributes.Control | TokenAttributes.Unknown))
            .OrderByDescending(id => Encoding.UTF8.GetByteCount(vocabulary.Texts[id]))];
        for (var order = 0; order < tokens.Length; order++)
        {
            Insert(vocabulary.Texts[tokens[order]], order);
        }

        firstChars = SearchValues.Create([.. tokens.Select(id => vocabulary.Texts[id][0]).Distinct()]);
    }

    /// <summary>Fills <paramref name="fragments"/> with the parts of <paramref name="text"/> from left to right.</summary>
    public void Partition(ReadOnlySpan<char> text, List<Fragment> fragments)
    {
        fragments.Clear();
        var found = FindAll(text);
        if (found.Count > 0)
        {
            found.Sort();
            var taken = ArrayPool<bool>.Shared.Rent(text.Length);
            taken.AsSpan(0, text.Length).Clear();
            Accept(text, found, taken, fragments);
            ArrayPool<bool>.Shared.Return(taken);
            fragments.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        }

        AddRaw(text.Length, fragments);
    }

    /// <summary>Appends the control tokens among the special ones: user-defined tokens are matched in every text.</summary>
    public void FindControlTokens(ReadOnlySpan<char> text, List<SpelledToken> output)
    {
        var fragments = new List<Fragment>();
        Partition(text, fragments);
        foreach (var fragment in fragments)
        {
            if (fragment.TokenId >= 0 && vocabulary.Has(fragment.TokenId, TokenAttributes.Control | TokenAttributes.Unknown))
            {
                output.Add(new SpelledToken(fragment.TokenId, fragment.Start, fragment.Length));
            }
        }
    }

    /// <summary>All places where a special token stands, as (order &lt;&lt; 32) | position.</summary>
    private List<long> FindAll(ReadOnlySpan<char> text)
    {
        var found = new List<long>();
        for (var start = 0; start < text.Length; start++)
        {
            var skip = text[start..].IndexOfAny(firstChars);
            if (skip < 0)
            {
                break;
            }

            start += skip;
            var node = 0;
            for (var i = start; i < text.Length && children.TryGetValue(((long)node << 16) | text[i], out node); i++)
            {
                if (ends[node] >= 0)
                {
                    found.Add(((long)ends[node] << 32) | (uint)start);
                }
            }
        }

        return found;
    }

    private void Accept(ReadOnlySpan<char> text, List<long> found, bool[] taken, List<Fragment> fragments)
    {
        foreach (var candidate in found)
        {
            var id = tokens[candidate >> 32];
            var start = (int)candidate;
            var length = vocabulary.Texts[id].Length;
            if (taken.AsSpan(start, length).Contains(true))
            {
                continue;
            }

            if (vocabulary.Has(id, TokenAttributes.StripRight))
            {
                while (start + length < text.Length && !taken[start + length] && text[start + length] is ' ' or (>= '\t' and <= '\r'))
                {
                    length++;
                }
            }

            taken.AsSpan(start, length).Fill(true);
            fragments.Add(new Fragment(id, start, length));
        }
    }

    private static void AddRaw(int textLength, List<Fragment> fragments)
    {
        var special = fragments.ToArray();
        fragments.Clear();
        var position = 0;
        foreach (var fragment in special)
        {
            if (fragment.Start > position)
            {
                fragments.Add(new Fragment(-1, position, fragment.Start - position));
            }

            fragments.Add(fragment);
            position = fragment.Start + fragment.Length;
        }

        if (textLength > position)
        {
            fragments.Add(new Fragment(-1, position, textLength - position));
        }
    }

    private void Insert(string text, int order)
    {
        var node = 0;
        foreach (var character in text)
        {
            var key = ((long)node << 16) | character;
            if (!children.TryGetValue(key, out node))
            {
                node = ends.Count;
                children.Add(key, node);
                ends.Add(-1);
            }
        }

        ends[node] = order;
    }
}
