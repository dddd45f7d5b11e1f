using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Models.Tests.Tokenization;

public sealed class TokenizerFactoryTests
{
    [Theory]
    [InlineData("bert")]
    [InlineData("t5")]
    [InlineData("rwkv")]
    [InlineData("none")]
    [InlineData("")]
    public void Create_UnknownKind_RefusedByName(string kind)
    {
        AssertRefused(TestVocabulary.SentencePiece().With(("model", kind)), "tokenizer.ggml.model", $"'{kind}'");
    }

    [Fact]
    public void Create_NoKind_RefusedByKey() => AssertRefused(TestVocabulary.Create(("tokens", (string[])["a"])), "tokenizer.ggml.model");

    [Fact]
    public void Create_UnknownPreTokenizer_RefusedByName() =>
        AssertRefused(TestVocabulary.Bpe("kimi-k2", ["a"], []), "tokenizer.ggml.pre", "'kimi-k2'");

    [Fact]
    public void Create_BpeWithoutMerges_RefusedByKey() =>
        AssertRefused(TestVocabulary.Create(("model", "gpt2"), ("tokens", (string[])["a"])), "tokenizer.ggml.merges");

    [Fact]
    public void GGUF7_NoTokens_RefusedByKey()
    {
        AssertRefused(TestVocabulary.Create(("model", "llama")), "tokenizer.ggml.tokens");
        AssertRefused(TestVocabulary.Create(("model", "llama"), ("tokens", Array.Empty<string>())), "tokenizer.ggml.tokens", "0 tokens");
    }

    [Fact]
    public void GGUF7_SameTextTwice_RefusedByPlace() => AssertRefused(TestVocabulary.SentencePiece("a", "b", "a"), "tokenizer.ggml.tokens", "token 261");

    [Fact]
    public void Create_EmptyTexts_AreNoDuplicates()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece("a", "", ""));
        Assert.Equal(261, tokenizer.FindToken("[EMPTY_261]"));
    }

    [Theory]
    [InlineData("bos_token_id", 259u)]
    [InlineData("eos_token_id", 4_294_967_295u)]
    public void GGUF7_EndpointOutsideVocabulary_RefusedByKey(string key, uint id) =>
        AssertRefused(TestVocabulary.SentencePiece().With((key, id)), "tokenizer.ggml." + key, $"{id}");

    [Fact]
    public void GGUF7_PaddingOutsideVocabulary_Ignored()
    {
        var tokenizer = TokenizerFactory.Create(TestVocabulary.SentencePiece().With(("padding_token_id", uint.MaxValue), ("eot_token_id", 99_999u)));
        Assert.Equal(259, tokenizer.VocabularySize);
    }

    [Fact]
    public void Create_AddsBosWithoutBos_Refused() =>
        AssertRefused(
            TestVocabulary.Create(("model", "gpt2"), ("tokens", (string[])["a"]), ("merges", Array.Empty<string>()), ("add_bos_token", true)),
            "tokenizer.ggml.add_bos_token");

    [Fact]
    public void GGUF7_ShortOrBrokenTables_RefusedByKey()
    {
        AssertRefused(TestVocabulary.SentencePiece().With(("scores", new float[258])), "tokenizer.ggml.scores", "258");
        AssertRefused(TestVocabulary.SentencePiece().With(("token_type", new int[258])), "tokenizer.ggml.token_type", "258");
        AssertRefused(TestVocabulary.SentencePiece().With(("scores", Enumerable.Repeat(float.NaN, 259).ToArray())), "tokenizer.ggml.scores", "token 0");
        AssertRefused(TestVocabulary.SentencePiece().With(("tokens", "text")), "tokenizer.ggml.tokens");
    }

    [Fact]
    public void Create_Defaults_AreThoseOfTheKind()
    {
        var spm = TokenizerFactory.Create(TestVocabulary.SentencePiece());
        Assert.Equal((1, 2, true), (spm.BosTokenId, spm.EosTokenId, spm.AddsBos));
        var tokens = Enumerable.Range(0, 12).Select(i => $"t{i}").ToArray();
        var bpe = TokenizerFactory.Create(TestVocabulary.Create(("model", "gpt2"), ("tokens", tokens), ("merges", Array.Empty<string>())));
        Assert.Equal((11, 11, false), (bpe.BosTokenId, bpe.EosTokenId, bpe.AddsBos));
        var llama3 = TokenizerFactory.Create(TestVocabulary.Bpe("llama-bpe", tokens, []));
        Assert.True(llama3.AddsBos);
    }

    private static void AssertRefused(GgufMetadata metadata, params string[] parts)
    {
        var exception = Assert.Throws<GgufException>(() => TokenizerFactory.Create(metadata));
        Assert.All(parts, part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', exception.Message);
    }
}
