using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Tests.Gguf;

public sealed class GgufBoundsTests
{
    private static readonly object[] EveryKind =
    [
        (byte)1, (sbyte)1, (ushort)1, (short)1, 1u, 1, 0.5f, true, "text", 1ul, 1L, 0.5, new[] { 1 }, new[] { 0.5f, 0.5f, 0.5f }, new[] { "text" }, new[] { true },
    ];

    public static TheoryData<string, Type> KnownKeys => new()
    {
        { "general.architecture", typeof(string) }, { "general.name", typeof(string) }, { "general.file_type", typeof(int) },
        { "llama.context_length", typeof(int) }, { "llama.embedding_length", typeof(int) }, { "llama.block_count", typeof(int) },
        { "llama.feed_forward_length", typeof(int) }, { "llama.attention.head_count", typeof(int) }, { "llama.attention.head_count_kv", typeof(int) },
        { "llama.attention.key_length", typeof(int) }, { "llama.attention.layer_norm_rms_epsilon", typeof(float) }, { "llama.rope.freq_base", typeof(float) },
        { "llama.rope.scaling.type", typeof(string) }, { "llama.rope.scaling.factor", typeof(float) }, { "llama.vocab_size", typeof(int) },
        { "llama.expert_count", typeof(int) }, { "tokenizer.ggml.model", typeof(string) }, { "tokenizer.ggml.tokens", typeof(string[]) },
        { "tokenizer.ggml.merges", typeof(string[]) }, { "tokenizer.ggml.bos_token_id", typeof(int) }, { "tokenizer.ggml.add_bos_token", typeof(bool) },
        { "tokenizer.chat_template", typeof(string) }, { "split.no", typeof(int) }, { "clip.projector_type", typeof(string) }, { "clip.use_gelu", typeof(bool) },
        { "clip.vision.image_size", typeof(int) }, { "clip.vision.patch_size", typeof(int) }, { "clip.vision.image_mean", typeof(float[]) },
        { "clip.vision.image_std", typeof(float[]) }, { "clip.vision.feature_layer", typeof(int[]) }, { "clip.vision.block_count", typeof(int) },
    };

    [Theory]
    [MemberData(nameof(KnownKeys))]
    public void GGUF3_KnownKeyOfEveryType_OnlyItsOwnKindPasses(string key, Type kind)
    {
        foreach (var value in EveryKind)
        {
            var metadata = Metadata(("general.architecture", "llama"), (key, value));
            var isInteger = value is byte or sbyte or ushort or short or uint or int or ulong or long;

            var perLayer = key is "llama.feed_forward_length" or "llama.attention.head_count" or "llama.attention.head_count_kv";
            if (value.GetType() == kind || (kind == typeof(int) && isInteger) || (perLayer && value is int[]))
            {
                GgufBounds.Check(metadata);
                continue;
            }

            Assert.Contains($"'{key}'", Assert.Throws<GgufException>(() => GgufBounds.Check(metadata)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("context_length", 1, 1 << 24)]
    [InlineData("embedding_length", 1, 65_536)]
    [InlineData("block_count", 1, 1_024)]
    [InlineData("feed_forward_length", 1, 1 << 20)]
    [InlineData("attention.head_count", 1, 1_024)]
    [InlineData("attention.head_count_kv", 1, 1_024)]
    [InlineData("attention.key_length", 1, 1_024)]
    [InlineData("vocab_size", 1, 1 << 20)]
    [InlineData("expert_count", 0, 1_024)]
    public void GGUF6_Integers_AcceptedAtBothEndsRefusedBeyond(string key, long min, long max)
    {
        GgufBounds.Check(Metadata(("general.architecture", "llama"), ("llama." + key, min)));
        GgufBounds.Check(Metadata(("general.architecture", "llama"), ("llama." + key, max)));
        foreach (var beyond in (long[])[min - 1, max + 1, -1, long.MinValue, long.MaxValue])
        {
            AssertRefused("llama." + key, ("general.architecture", "llama"), ("llama." + key, beyond));
        }

        AssertRefused("llama." + key, ("general.architecture", "llama"), ("llama." + key, ulong.MaxValue));
    }

    [Theory]
    [InlineData("attention.layer_norm_rms_epsilon", 0f)]
    [InlineData("attention.layer_norm_rms_epsilon", 1f)]
    [InlineData("attention.layer_norm_rms_epsilon", float.NaN)]
    [InlineData("attention.layer_norm_rms_epsilon", float.NegativeInfinity)]
    [InlineData("rope.freq_base", 0f)]
    [InlineData("rope.freq_base", -1f)]
    [InlineData("rope.freq_base", float.NaN)]
    [InlineData("rope.freq_base", float.PositiveInfinity)]
    [InlineData("rope.scaling.factor", float.NaN)]
    [InlineData("rope.scaling.factor", -0.5f)]
    public void GGUF6_Floats_Refused(string key, float value) => AssertRefused("llama." + key, ("general.architecture", "llama"), ("llama." + key, value));

    [Fact]
    public void GGUF6_HeadsThatDoNotFit_Refused()
    {
        AssertRefused("llama.attention.head_count_kv",
            ("general.architecture", "llama"), ("llama.embedding_length", 64), ("llama.attention.head_count", 4), ("llama.attention.head_count_kv", 3));
        AssertRefused("llama.attention.head_count",
            ("general.architecture", "llama"), ("llama.embedding_length", 64), ("llama.attention.head_count", 5));
        AssertRefused("llama.attention.head_count",
            ("general.architecture", "llama"), ("llama.embedding_length", 65_536), ("llama.attention.head_count", 1));
        AssertRefused("llama.rope.dimension_count",
            ("general.architecture", "llama"), ("llama.embedding_length", 64), ("llama.attention.head_count", 4), ("llama.rope.dimension_count", 32));
        AssertRefused("llama.attention.head_count",
            ("general.architecture", "llama"), ("llama.block_count", 3), ("llama.attention.head_count", new[] { 4, 4 }));
    }

    [Fact]
    public void GGUF6_Vision_Refused()
    {
        AssertRefused("clip.vision.patch_size", ("general.architecture", "clip"), ("clip.vision.patch_size", 0));
        AssertRefused("clip.vision.patch_size", ("general.architecture", "clip"), ("clip.vision.patch_size", 57), ("clip.vision.image_size", 56));
        AssertRefused("clip.vision.image_size", ("general.architecture", "clip"), ("clip.vision.image_size", 8_193));
        AssertRefused("clip.vision.image_mean", ("general.architecture", "clip"), ("clip.vision.image_mean", new[] { 0.5f, 0.5f }));
        AssertRefused("clip.vision.image_std", ("general.architecture", "clip"), ("clip.vision.image_std", new[] { 0.5f, 0f, 0.5f }));
        AssertRefused("clip.vision.feature_layer",
            ("general.architecture", "clip"), ("clip.vision.block_count", 23), ("clip.vision.feature_layer", new[] { 24 }));
        AssertRefused("clip.vision.image_grid_pinpoints", ("general.architecture", "clip"), ("clip.vision.image_grid_pinpoints", new[] { 336, 672, 336 }));
        AssertRefused("clip.use_silu", ("general.architecture", "clip"), ("clip.use_gelu", true), ("clip.use_silu", true));
        AssertRefused("clip.vision.attention.head_count",
            ("general.architecture", "clip"), ("clip.vision.embedding_length", 32), ("clip.vision.attention.head_count", 3));
    }

    [Fact]
    public void GGUF7_TokenArraysOfOtherLength_Refused()
    {
        AssertRefused("tokenizer.ggml.scores", ("tokenizer.ggml.tokens", new[] { "a", "b" }), ("tokenizer.ggml.scores", new[] { 0f }));
        AssertRefused("tokenizer.ggml.token_type", ("tokenizer.ggml.tokens", new[] { "a" }), ("tokenizer.ggml.token_type", new[] { 1, 1 }));
        AssertRefused("tokenizer.ggml.token_type", ("tokenizer.ggml.tokens", new[] { "a" }), ("tokenizer.ggml.token_type", new[] { 7 }));
        AssertRefused("tokenizer.ggml.scores", ("tokenizer.ggml.tokens", new[] { "a" }), ("tokenizer.ggml.scores", new[] { float.NaN }));
        AssertRefused("tokenizer.ggml.tokens", ("tokenizer.ggml.tokens", Array.Empty<string>()));
    }

    private static void AssertRefused(string key, params (string Key, object Value)[] values) =>
        Assert.Contains($"'{key}'", Assert.Throws<GgufException>(() => GgufBounds.Check(Metadata(values))).Message, StringComparison.Ordinal);

    private static GgufMetadata Metadata(params (string Key, object Value)[] values)
    {
        var metadata = new GgufMetadata();
        foreach (var (key, value) in values)
        {
            metadata.Set(key, value);
        }

        return metadata;
    }
}
