using System.Buffers;
using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// SentencePiece as Llama models use it: neighbouring symbols are merged, the pair with the highest score first, and what is no token falls back to
/// bytes. Equal to llama.cpp's SPM tokenizer. (Kudo and Richardson 2018, arXiv 1808.06226, the BPE variant.) Immutable, any thread.
/// </summary>
public sealed class SentencePieceTokenizer : ITokenizer
{
    private const char SpaceMark = '\u2581';

    private readonly Vocabulary vocabulary;
    private readonly SpecialTokenMatcher allSpecial;
    private readonly SpecialTokenMatcher userDefined;

    /// <summary>Per token, smallest first: the order in which pairs are merged.</summary>
    private readonly uint[] ranks;
    private readonly int[] byteTokens = new int[256];

    internal SentencePieceTokenizer(VocabularyData data)
    {
        vocabulary = new Vocabulary(data, Decode);
        allSpecial = new SpecialTokenMatcher(vocabulary, parseSpecial: true);
        userDefined = new SpecialTokenMatcher(vocabulary, parseSpecial: false);
        ranks = new uint[vocabulary.Count];
        for (var id = 0; id < ranks.Length; id++)
        {
            ranks[id] = RankOf(id < data.Scores.Length ? data.Scores[id] : 0);
        }

        for (var value = 0; value < byteTokens.Length; value++)
        {
            var token = vocabulary.FindToken($"<0x{value:X2}>");
            token = token < 0 && value < 0x80 ? vocabulary.FindToken(((char)value).ToString()) : token;
            byteTokens[value] = token < 0 ? data.Unknown : token;
        }
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
        var followsSpecial = true;
        foreach (var fragment in fragments)
        {
            if (fragment.TokenId >= 0)
            {
                output.Add(fragment.TokenId);
            }
            else
            {
                EncodeRaw(text.Slice(fragment.Start, fragment.Length), followsSpecial && vocabulary.Data.AddsSpacePrefix, chain, output);
            }

            followsSpecial = fragment.TokenId >= 0;
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

    private void EncodeRaw(ReadOnlySpan<char> text, bool addSpace, SymbolChain chain, List<int> output)
    {
        var buffer = ArrayPool<char>.Shared.Rent(text.Length + 1);
        var starts = ArrayPool<int>.Shared.Rent(text.Length + 1);
        var marked = buffer.AsSpan(0, text.Length + (addSpace ? 1 : 0));
        marked[0] = SpaceMark;
        text.Replace(marked[(addSpace ? 1 : 0)..], ' ', SpaceMark);

        var count = SplitCharacters(marked, starts);
        chain.Reset(count);
        for (var i = 0; i < count; i++)
        {
            chain.SetLength(i, (i + 1 < count ? starts[i + 1] : marked.Length) - starts[i]);
        }

        Merge(marked, starts, chain);
        for (var symbol = 0; symbol >= 0; symbol = chain.Next(symbol))
        {
            Emit(marked.Slice(starts[symbol], chain.Length(symbol)), output);
        }

        ArrayPool<int>.Shared.Return(starts);
        ArrayPool<char>.Shared.Return(buffer);
    }

    /// <summary>One symbol per code point.</summary>
    private static int SplitCharacters(ReadOnlySpan<char> text, int[] starts)
    {
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsLowSurrogate(text[i]))
            {
                starts[count++] = i;
            }
        }

        return count;
    }

    private void Merge(ReadOnlySpan<char> text, int[] starts, SymbolChain chain)
    {
        for (var i = 1; i < chain.Count; i++)
        {
            PushPair(text, starts, chain, i - 1, i);
        }

        while (chain.MergeNext(out var symbol, out _))
        {
            PushPair(text, starts, chain, chain.Previous(symbol), symbol);
            PushPair(text, starts, chain, symbol, chain.Next(symbol));
        }
    }

    private void PushPair(ReadOnlySpan<char> text, int[] starts, SymbolChain chain, int left, int right)
    {
        if (left >= 0 && right >= 0
            && vocabulary.FindMerged(text.Slice(starts[left], chain.Length(left) + chain.Length(right))) is >= 0 and var token)
        {
            chain.Push(left, right, ranks[token]);
        }
    }

    /// <summary>A symbol that was merged is a token by construction; only a single character can be none.</summary>
    private void Emit(ReadOnlySpan<char> symbol, List<int> output)
    {
        if (vocabulary.FindMerged(symbol) is >= 0 and var token)
        {
            output.Add(token);
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        foreach (var value in bytes[..Encoding.UTF8.GetBytes(symbol, bytes)])
        {
            if (byteTokens[value] >= 0)
            {
                output.Add(byteTokens[value]);
            }
        }
    }

    private static byte[] Decode(string text, TokenAttributes attributes) =>
        (attributes & SpecialTokenMatcher.Candidates) != 0 ? Vocabulary.Plain(text)
        : (attributes & TokenAttributes.Normal) != 0 ? Vocabulary.Plain(text.Replace(SpaceMark, ' '))
        : (attributes & TokenAttributes.Byte) != 0 && Vocabulary.ByteOf(text) is >= 0 and var value ? [(byte)value]
        : [];

    /// <summary>Maps a finite score to an unsigned number that falls when the score rises; the sign of zero does not count.</summary>
    private static uint RankOf(float score)
    {
        var bits = BitConverter.SingleToUInt32Bits(score + 0f);
        return bits >> 31 != 0 ? bits : 0x7FFF_FFFF - bits;
    }
}
