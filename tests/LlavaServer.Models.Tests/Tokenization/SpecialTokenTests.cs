using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

public sealed class SpecialTokenTests
{
    [Fact]
    public void IMG17_TypedControlToken_IsTextUnlessParsed()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("\u2581", "<", "/", "s", ">"));
        Assert.Equal([1, 259, 260, 261, 262, 263], Encode(tokenizer, "</s>", addSpecial: true, parseSpecial: false));
        Assert.Equal([1, 2], Encode(tokenizer, "</s>", addSpecial: true, parseSpecial: true));
    }

    [Fact]
    public void IMG17_ControlTokenReachableByMerges_NeverComesFromText()
    {
        // "</" + "s>" would be "</s>": a user who types it must not end the turn.
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("\u2581", "<", "/", "s", ">", "</", "s>", "</s"));
        Assert.DoesNotContain(2, Encode(tokenizer, "x</s>y</s></s>", addSpecial: false, parseSpecial: false));

        string[] tokens = ["<eos>", "<", "e", "o", "s", ">", "<e", "os", "<eos"];
        var bpe = TokenizerFactory.Create(TestVocabulary.Bpe("llama-bpe", tokens, ["< e", "o s", "<e os", "<eos >"]).With(("token_type", (int[])[3, 1, 1, 1, 1, 1, 1, 1, 1])));
        Assert.DoesNotContain(0, Encode(bpe, "<eos>", addSpecial: false, parseSpecial: false));
    }

    [Fact]
    public void Encode_OverlappingTokens_LongestFirst()
    {
        var metadata = TestVocabulary.SentencePiece("ab", "bcd", "a", "b", "c", "d").With(("token_type", Types(4, 4, 1, 1, 1, 1)), ("add_space_prefix", false));
        var tokenizer = TokenizerFactory.Create(metadata);
        Assert.Equal([261, 260, 259], Encode(tokenizer, "abcdab", addSpecial: false, parseSpecial: false));
    }

    [Fact]
    public void Encode_UserDefined_MatchesWithoutParsing()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("<u>", "\u2581").With(("token_type", Types(4, 1))));
        Assert.Equal([259, 259, 260, 3 + 'x'], Encode(tokenizer, "<u><u>x", addSpecial: false, parseSpecial: false));
    }

    [Fact]
    public void FindControlTokens_SpelledOut_AreThoseThatEncodeWouldParse()
    {
        var metadata = TestVocabulary.SentencePiece("\u2581", "<|user|>", "<u>").With(("token_type", Types(1, 3, 4)), ("general.name", "Phi-3-mini"));
        var tokenizer = TokenizerFactory.Create(metadata);
        var found = new List<SpelledToken>();
        tokenizer.FindControlTokens("a<u><|user|>\n x</s>", found);
        Assert.Equal([new SpelledToken(260, 4, 10), new SpelledToken(2, 15, 4)], found);

        var bpe = TokenizerFactory.Create(TestVocabulary.Bpe("llama-bpe", ["<eos>", "a"], []).With(("token_type", (int[])[3, 1])));
        found.Clear();
        bpe.FindControlTokens("a<eos>a", found);
        Assert.Equal([new SpelledToken(0, 1, 5)], found);
    }

    [Fact]
    public void Encode_Phi3_SpecialTokenEatsWhiteSpaceBehindIt()
    {
        var metadata = TestVocabulary.SentencePiece("\u2581", "<|user|>").With(("token_type", Types(1, 3)), ("general.name", "Phi-3-mini"));
        var tokenizer = TokenizerFactory.Create(metadata);
        Assert.Equal([260, 259, 3 + 'x'], Encode(tokenizer, "<|user|>\n \tx", addSpecial: false, parseSpecial: true));
        Assert.Equal([1, 259, 259, 3 + 'x'], Encode(tokenizer, "<s> x", addSpecial: false, parseSpecial: true));
    }

    [Fact]
    public void IsEndOfGeneration_KnownTextsAndDeclaredIds_StopWhateverTheirType()
    {
        var metadata = TestVocabulary.SentencePiece("<|im_end|>", "<|eot_id|>", "stop", "<|file_sep|>", "<|fim_middle|>", "word")
            .With(("eos_token_id", 261u));
        var tokenizer = TokenizerFactory.Create(metadata);
        Assert.Equal([2, 259, 260, 261, 262], Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsEndOfGeneration));
        Assert.False(tokenizer.IsEndOfGeneration(-1));
        Assert.False(tokenizer.IsEndOfGeneration(tokenizer.VocabularySize));
        Assert.True(tokenizer.GetBytes(259, special: false).IsEmpty);
    }

    [Fact]
    public void IsEndOfGeneration_HarmonyEnd_DoesNotStop()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("<|end|>", "<|return|>", "<|call|>"));
        Assert.Equal([2, 260, 261], Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsEndOfGeneration));
    }

    [Fact]
    public void GetBytes_ByKind_TextByteOrNothing()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("\u2581a", "<u>").With(("token_type", Types(1, 4))));
        Assert.Equal(" a"u8.ToArray(), tokenizer.GetBytes(259, special: false).ToArray());
        Assert.Equal("<u>"u8.ToArray(), tokenizer.GetBytes(260, special: false).ToArray());
        Assert.Equal((byte[])[0xE2], tokenizer.GetBytes(3 + 0xE2, special: false).ToArray());
        Assert.True(tokenizer.GetBytes(2, special: false).IsEmpty);
        Assert.Equal("</s>"u8.ToArray(), tokenizer.GetBytes(2, special: true).ToArray());
    }

    [Fact]
    public void Encode_LoneSurrogate_IsReplacementCharacter()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("\u2581"));
        Assert.Equal([259, 3 + 0xEF, 3 + 0xBF, 3 + 0xBD, 3 + 'x'], Encode(tokenizer, "\uD800x", addSpecial: false, parseSpecial: false));
    }

    private static int[] Types(params int[] types) => [2, 3, 3, .. Enumerable.Repeat(6, 256), .. types];

    private static List<int> Encode(ITokenizer tokenizer, string text, bool addSpecial, bool parseSpecial)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, addSpecial, parseSpecial, ids);
        return ids;
    }
}
