using System.Buffers;
using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Byte-level BPE (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): a pre-tokenizer cuts the text into words, and within
/// a word neighbouring symbols are merged by rank. Equal to llama.cpp's BPE tokenizer. Immutable, any thread.
/// </summary>
public sealed class BpeTokenizer : ITokenizer
{
    private readonly Vocabulary vocabulary;
    private readonly PreTokenizer preTokenizer;
    private readonly SpecialTokenMatcher allSpecial;
    private readonly SpecialTokenMatcher userDefined;
    private readonly BpeMerges merges;

    internal BpeTokenizer(VocabularyData data, PreTokenizer preTokenizer)
    {
        this.preTokenizer = preTokenizer;
        vocabulary = new Vocabulary(data, Decode);
        allSpecial = new SpecialTokenMatcher(vocabulary, parseSpecial: true);
        userDefined = new SpecialTokenMatcher(vocabulary, parseSpecial: false);
        merges = new BpeMerges(vocabulary);
    }

    public int VocabularySize => vocabulary.Count;

    public int BosTokenId => vocabulary.Data.Bos;

    public int EosTokenId => vocabulary.Data.Eos;

    public bool AddsBos => vocabulary.Data.AddsBos;

    public int LongestTokenBytes => vocabulary.LongestTokenBytes;

    public void Encode(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial, List<int> output, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (addSpecial && AddsBos)
        {
            output.Add(BosTokenId);
        }

        text = WellFormedText.Of(text);
        var fragments = new List<Fragment>();
        (parseSpecial ? allSpecial : userDefined).Partition(text, fragments);
        using var chain = new SymbolChain(cancellationToken);
        foreach (var fragment in fragments)
        {
            if (fragment.TokenId >= 0)
            {
                output.Add(fragment.TokenId);
            }
            else
            {
                EncodeRaw(text.Slice(fragment.Start, fragment.Length), chain, output);
            }
        }

        if (addSpecial && vocabulary.Data.AddsEos)
        {
            output.Add(EosTokenId);
        }
    }

    public ReadOnlySpan<byte> GetBytes(int tokenId, bool special) => vocabulary.GetBytes(tokenId, special);

    public FillTokens FillTokens => vocabulary.FillTokens;

    public bool IsEndOfGeneration(int tokenId) => vocabulary.IsEndOfGeneration(tokenId);

    public int FindToken(string tokenText) => vocabulary.FindToken(tokenText);

    public void FindControlTokens(ReadOnlySpan<char> text, List<SpelledToken> output) => allSpecial.FindControlTokens(text, output);

    private void EncodeRaw(ReadOnlySpan<char> text, SymbolChain chain, List<int> output)
    {
        var points = ArrayPool<int>.Shared.Rent(text.Length);
        var count = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            points[count++] = rune.Value;
        }

        var ends = new List<int>();
        preTokenizer.Split(points.AsSpan(0, count), ends);
        var symbols = ArrayPool<int>.Shared.Rent(text.Length * 3);
        var start = 0;
        foreach (var end in ends)
        {
            EncodeWord(symbols.AsSpan(0, ToBytes(points.AsSpan(start..end), symbols)), chain, output);
            start = end;
        }

        ArrayPool<int>.Shared.Return(symbols);
        ArrayPool<int>.Shared.Return(points);
    }

    private static int ToBytes(ReadOnlySpan<int> points, int[] symbols)
    {
        var count = 0;
        Span<byte> buffer = stackalloc byte[4];
        foreach (var point in points)
        {
            foreach (var value in buffer[..new Rune(point).EncodeToUtf8(buffer)])
            {
                symbols[count++] = value;
            }
        }

        return count;
    }

    /// <param name="symbols">The bytes of the word; merged in place.</param>
    /// <param name="chain">Working memory.</param>
    /// <param name="output">Receives the tokens.</param>
    private void EncodeWord(Span<int> symbols, SymbolChain chain, List<int> output)
    {
        if (preTokenizer.IgnoresMerges && FindWhole(symbols) is >= 0 and var whole)
        {
            output.Add(whole);
            return;
        }

        chain.Reset(symbols.Length);
        for (var i = 1; i < symbols.Length; i++)
        {
            PushPair(symbols, chain, i - 1, i);
        }

        while (chain.MergeNext(out var left, out var right))
        {
            merges.TryGet(symbols[left], symbols[right], out var merge);
            symbols[left] = merge.Symbol;
            PushPair(symbols, chain, chain.Previous(left), left);
            PushPair(symbols, chain, left, chain.Next(left));
        }

        for (var symbol = 0; symbol >= 0; symbol = chain.Next(symbol))
        {
            output.AddRange(merges.TokensOf(symbols[symbol]));
        }
    }

    private void PushPair(ReadOnlySpan<int> symbols, SymbolChain chain, int left, int right)
    {
        if (left >= 0 && right >= 0 && merges.TryGet(symbols[left], symbols[right], out var merge))
        {
            chain.Push(left, right, merge.Rank);
        }
    }

    private int FindWhole(ReadOnlySpan<int> symbols)
    {
        if (symbols.Length > vocabulary.LongestTextChars)
        {
            return -1;
        }

        var rented = ArrayPool<char>.Shared.Rent(symbols.Length);
        for (var i = 0; i < symbols.Length; i++)
        {
            rented[i] = ByteAlphabet.ToChar((byte)symbols[i]);
        }

        var token = vocabulary.FindMerged(rented.AsSpan(0, symbols.Length));
        ArrayPool<char>.Shared.Return(rented);
        return token;
    }

    private static byte[] Decode(string text, TokenAttributes attributes) =>
        (attributes & SpecialTokenMatcher.Candidates) != 0 ? Vocabulary.Plain(text)
        : (attributes & TokenAttributes.Normal) != 0 ? ByteAlphabet.Decode(text)
        : (attributes & TokenAttributes.Byte) != 0 && Vocabulary.ByteOf(text) is >= 0 and var value ? [(byte)value]
        : [];
}
