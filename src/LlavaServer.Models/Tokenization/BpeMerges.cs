namespace LlavaServer.Models.Tokenization;

/// <summary>
/// The merge table of a byte-level BPE vocabulary over small numbers instead of strings: symbols 0 to 255 are the bytes, the others the parts and
/// results of merges. Immutable, any thread.
/// </summary>
internal sealed class BpeMerges
{
    private readonly Dictionary<ulong, Merge> merges;
    private readonly int[][] tokens;

    public BpeMerges(Vocabulary vocabulary)
    {
        var lines = vocabulary.Data.Merges;
        var symbols = new Dictionary<string, int>(lines.Length + 256, StringComparer.Ordinal);
        var texts = new List<string>(lines.Length + 256);
        for (var value = 0; value < 256; value++)
        {
            SymbolOf(ByteAlphabet.ToChar((byte)value).ToString());
        }

        merges = new Dictionary<ulong, Merge>(lines.Length);
        for (var rank = 0; rank < lines.Length; rank++)
        {
            // The left part may begin with a space, so the separator is looked for behind the first character.
            var space = lines[rank].IndexOf(' ', Math.Min(1, lines[rank].Length));
            if (space > 0)
            {
                var (left, right) = (lines[rank][..space], lines[rank][(space + 1)..]);
                merges.TryAdd(Key(SymbolOf(left), SymbolOf(right)), new Merge((uint)rank, SymbolOf(left + right)));
            }
        }

        tokens = [.. texts.Select(text => TokensOf(text, vocabulary))];

        int SymbolOf(string text)
        {
            if (!symbols.TryGetValue(text, out var symbol))
            {
                symbol = texts.Count;
                symbols.Add(text, symbol);
                texts.Add(text);
            }

            return symbol;
        }
    }

    public bool TryGet(int left, int right, out Merge merge) => merges.TryGetValue(Key(left, right), out merge);

    /// <summary>What a symbol is written as: mostly one token.</summary>
    public ReadOnlySpan<int> TokensOf(int symbol) => tokens[symbol];

    /// <summary>A symbol that is no token falls apart into its characters; those outside ASCII are lost, as in llama.cpp.</summary>
    private static int[] TokensOf(string text, Vocabulary vocabulary) =>
        vocabulary.FindMerged(text) is >= 0 and var token
            ? [token]
            : [.. text.Where(char.IsAscii).Select(character => vocabulary.FindMerged([character])).Where(id => id >= 0)];

    /// <summary>One number per pair. A ulong's hash is the exclusive or of its halves: without the odd factor all doubled symbols would collide.</summary>
    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) * 0x9E37_79B9_7F4A_7C15;

    /// <param name="Rank">Line number: smaller merges first.</param>
    /// <param name="Symbol">The result.</param>
    internal readonly record struct Merge(uint Rank, int Symbol);
}
