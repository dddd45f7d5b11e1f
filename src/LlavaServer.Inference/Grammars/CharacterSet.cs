namespace LlavaServer.Inference.Grammars;

/// <summary>A set of Unicode scalar values as sorted ranges that do not touch. Immutable. Surrogates are never in it.</summary>
internal sealed class CharacterSet
{
    public const int Last = 0x10FFFF;
    private static readonly (int Low, int High) s_surrogates = (0xD800, 0xDFFF);
    private static readonly (int Low, int High)[] s_lengths = [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xFFFF), (0x10000, Last)];

    private CharacterSet(IReadOnlyList<(int Low, int High)> ranges) => Ranges = ranges;

    public static CharacterSet Any { get; } = Of((0, Last));

    public IReadOnlyList<(int Low, int High)> Ranges { get; }

    public bool IsEmpty => Ranges.Count == 0;

    public static CharacterSet Of(params IEnumerable<(int Low, int High)> ranges)
    {
        var merged = new List<(int Low, int High)>();
        foreach (var (low, high) in ranges.Where(static r => r.Low <= r.High).OrderBy(static r => r.Low))
        {
            if (merged.Count > 0 && low <= merged[^1].High + 1)
            {
                merged[^1] = (merged[^1].Low, Math.Max(merged[^1].High, high));
            }
            else
            {
                merged.Add((low, high));
            }
        }

        var scalars = new List<(int Low, int High)>();
        foreach (var (low, high) in merged)
        {
            AddIf(scalars, low, Math.Min(high, s_surrogates.Low - 1));
            AddIf(scalars, Math.Max(low, s_surrogates.High + 1), high);
        }

        return new CharacterSet(scalars);
    }

    public static CharacterSet Single(int character) => Of((character, character));

    /// <summary>Pairs of characters are ranges when a hyphen stands between them: <c>a-z0-9_</c>.</summary>
    public static CharacterSet Parse(string description)
    {
        var ranges = new List<(int, int)>();
        for (var i = 0; i < description.Length; i++)
        {
            var isRange = i + 2 < description.Length && description[i + 1] == '-';
            ranges.Add((description[i], description[isRange ? i + 2 : i]));
            i += isRange ? 2 : 0;
        }

        return Of(ranges);
    }

    public bool Contains(int character) => Ranges.Any(r => character >= r.Low && character <= r.High);

    public CharacterSet Union(CharacterSet other) => Of([.. Ranges, .. other.Ranges]);

    public CharacterSet Negate()
    {
        var ranges = new List<(int, int)>();
        var next = 0;
        foreach (var (low, high) in Ranges)
        {
            ranges.Add((next, low - 1));
            next = high + 1;
        }

        ranges.Add((next, Last));
        return Of(ranges);
    }

    public CharacterSet Except(CharacterSet other) => Of([.. Negate().Ranges, .. other.Ranges]).Negate();

    public CharacterSet Intersect(CharacterSet other) => Except(other.Negate());

    /// <summary>The set as sequences of byte ranges, one range per byte of the UTF-8 form.</summary>
    public IEnumerable<(byte Low, byte High)[]> ToUtf8()
    {
        foreach (var (low, high) in Ranges)
        {
            foreach (var (from, to) in s_lengths)
            {
                var (first, last) = (Math.Max(low, from), Math.Min(high, to));
                if (first <= last)
                {
                    foreach (var sequence in Split(Encode(first), Encode(last)))
                    {
                        yield return sequence;
                    }
                }
            }
        }
    }

    private static void AddIf(List<(int, int)> ranges, int low, int high)
    {
        if (low <= high)
        {
            ranges.Add((low, high));
        }
    }

    private static byte[] Encode(int character) => character switch
    {
        < 0x80 => [(byte)character],
        < 0x800 => [(byte)(0xC0 | (character >> 6)), Tail(character)],
        < 0x10000 => [(byte)(0xE0 | (character >> 12)), Tail(character >> 6), Tail(character)],
        _ => [(byte)(0xF0 | (character >> 18)), Tail(character >> 12), Tail(character >> 6), Tail(character)],
    };

    private static byte Tail(int bits) => (byte)(0x80 | (bits & 0x3F));

    // Between two encodings of one length: the first byte's ends have their own tails, all between have every tail.
    private static List<(byte Low, byte High)[]> Split(byte[] low, byte[] high)
    {
        if (low.Length == 1)
        {
            return [[(low[0], high[0])]];
        }

        if (low[0] == high[0])
        {
            return Prefix(low[0], low[0], Split(low[1..], high[1..]));
        }

        byte[] lowest = [.. Enumerable.Repeat((byte)0x80, low.Length - 1)];
        byte[] highest = [.. Enumerable.Repeat((byte)0xBF, low.Length - 1)];
        var (first, last) = ((int)low[0], (int)high[0]);
        var parts = new List<(byte Low, byte High)[]>();
        if (!low.AsSpan(1).SequenceEqual(lowest))
        {
            parts.AddRange(Prefix(low[0], low[0], Split(low[1..], highest)));
            first++;
        }

        var isLastWhole = high.AsSpan(1).SequenceEqual(highest);
        last -= isLastWhole ? 0 : 1;
        if (first <= last)
        {
            parts.AddRange(Prefix((byte)first, (byte)last, Split(lowest, highest)));
        }

        if (!isLastWhole)
        {
            parts.AddRange(Prefix(high[0], high[0], Split(lowest, high[1..])));
        }

        return parts;
    }

    private static List<(byte Low, byte High)[]> Prefix(byte low, byte high, List<(byte Low, byte High)[]> rest) =>
        [.. rest.Select(r => ((byte, byte)[])[(low, high), .. r])];
}
