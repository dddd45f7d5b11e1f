using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tests.Tokenization.Golden;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

/// <summary>Vocabularies as nobody's converter writes them: refused by name or harmless.</summary>
public sealed class TokenizerHostileFileTests
{
    private static readonly string[] Texts = ["hello world", "</s> <0x41>\u2581 \U0001F600 ab ba aab", "", new string('a', 1_000)];

    [Fact]
    public void GGUF7_ByteTokensOfOddForms_StandForNothing()
    {
        string[] odd = ["<0x-1>", "<0xZZ>", "<0x1>", "<0x123>", "<0X41>", "0x41", "<0x 1>"];
        int[] types = [2, 3, 3, .. Enumerable.Repeat(6, 256 + odd.Length)];
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece(odd).With(("token_type", types)));
        Assert.All(Enumerable.Range(259, odd.Length), id => Assert.True(tokenizer.GetBytes(id, special: true).IsEmpty));
        EncodeAll(tokenizer);
    }

    [Fact]
    public void GGUF7_MergesOfNothingAndInCircles_EndAndStayInTheVocabulary()
    {
        string[] merges = ["a b", "b a", "ab a", "a ba", "aba b", "a a", "aa aa", "", " ", "x", "  ", "zz yy", "a ", " a", "a b c", "a b"];
        EncodeAll(TokenizerFactory.Create(TestVocabulary.Bpe("gpt-2", ["<s>", "a", "b", "ab", "\u0120", "aa"], merges)));
    }

    [Fact]
    public void GGUF7_MoreThanAMillionTokens_Refused()
    {
        var tokens = Enumerable.Range(0, (1 << 20) + 1).Select(id => id.ToString("X", null)).ToArray();
        var exception = Assert.Throws<GgufException>(() => TokenizerFactory.Create(TestVocabulary.Create(("model", "llama"), ("tokens", tokens))));
        Assert.Contains("tokenizer.ggml.tokens", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GGUF7_MissingByteTokens_FallBackToUnknownOrNothing()
    {
        var metadata = TestVocabulary.Create(("model", "llama"), ("tokens", (string[])["<unk>", "<s>", "</s>", "a"]));
        Assert.Equal([1, 0, 0, 0, 3, 0, 0, 0, 0], Encode(TokenizerFactory.Create(metadata), "a\U0001F600"));
    }

    [Theory]
    [InlineData("spm")]
    [InlineData("llama-bpe")]
    public void GGUF7_RandomDamage_RefusedByKeyOrHarmless(string variant)
    {
        var random = new SplitMix(7);
        var original = GoldenVocabulary.Values(variant).ToArray();
        var (refused, served) = (0, 0);
        for (var round = 0; round < 150; round++)
        {
            var metadata = TestVocabulary.Create([.. original.Select(pair => random.Below(3) == 0 ? (pair.Key, Damage(pair.Value, random)) : pair)]);
            try
            {
                EncodeAll(TokenizerFactory.Create(metadata));
                served++;
            }
            catch (GgufException exception)
            {
                Assert.Contains("'tokenizer.ggml.", exception.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 10, 140);
        Assert.InRange(served, 10, 140);
    }

    private static object Damage(object value, SplitMix random) => value switch
    {
        uint => random.Below(2) == 0 ? (uint)random.Next() : (uint)random.Below(3_000),
        bool flag => !flag,
        string text => random.Below(4) == 0 ? text + "x" : text,
        int[] numbers => Change(numbers, random, () => (int)random.Next()),
        float[] numbers => Change(numbers, random, () => random.Pick([float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MinValue, -0f, 1e-45f])),
        string[] texts => Change(texts, random, () => random.Pick(["", " ", "<s>", "</s>", "<0xZZ>", "\u2581", "a b", new string('y', 5_000), "\uFFFD"])),
        _ => value,
    };

    private static T[] Change<T>(T[] values, SplitMix random, Func<T> next)
    {
        var changed = values[..^(random.Below(8) == 0 ? random.Below(values.Length) : 0)];
        for (var count = random.Below(4); count > 0 && changed.Length > 0; count--)
        {
            changed[random.Below(changed.Length)] = next();
        }

        return changed;
    }

    private static void EncodeAll(ITokenizer tokenizer)
    {
        foreach (var text in Texts)
        {
            foreach (var id in Encode(tokenizer, text))
            {
                Assert.InRange(id, 0, tokenizer.VocabularySize - 1);
                Assert.InRange(tokenizer.GetBytes(id, special: true).Length, 0, tokenizer.LongestTokenBytes);
            }
        }
    }

    private static List<int> Encode(ITokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, addSpecial: true, parseSpecial: true, ids);
        return ids;
    }
}
