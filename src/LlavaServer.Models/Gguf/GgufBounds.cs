namespace LlavaServer.Models.Gguf;

/// <summary>
/// Type and range of every metadata key that the engines read, checked once after parsing and before any tensor is touched. Keys that are absent are
/// not asked for here: what a model needs is its engine's knowledge.
/// </summary>
internal static class GgufBounds
{
    private const int MaxWidth = 65_536;
    private const int MaxFeedForward = 1 << 20;
    private const int MaxHeads = 1_024;
    private const int MaxLayers = 1_024;
    private const int MaxVocabulary = 1 << 20;
    private const int MaxContext = 1 << 24;

    /// <summary>Keys of every language model; the file has them behind the architecture's name and a dot.</summary>
    private static readonly GgufKeyRule[] LanguageRules =
    [
        GgufKeyRule.Integer("context_length", 1, MaxContext),
        GgufKeyRule.Integer("embedding_length", 1, MaxWidth),
        GgufKeyRule.Integer("block_count", 1, MaxLayers),
        GgufKeyRule.IntegerPerLayer("feed_forward_length", 1, MaxFeedForward),
        GgufKeyRule.IntegerPerLayer("attention.head_count", 1, MaxHeads),
        GgufKeyRule.IntegerPerLayer("attention.head_count_kv", 1, MaxHeads),
        GgufKeyRule.Integer("attention.key_length", 1, 1_024),
        GgufKeyRule.Integer("attention.value_length", 1, 1_024),
        GgufKeyRule.Float("attention.layer_norm_rms_epsilon", float.Epsilon, 0.9999999f),
        GgufKeyRule.Float("attention.layer_norm_epsilon", float.Epsilon, 0.9999999f),
        GgufKeyRule.Float("attention.scale", 0, 1e6f),
        GgufKeyRule.Integer("rope.dimension_count", 2, 1_024),
        GgufKeyRule.Float("rope.freq_base", 1e-6f, 1e15f),
        GgufKeyRule.String("rope.scaling.type"),
        GgufKeyRule.Float("rope.scaling.factor", 0, 1e6f),
        GgufKeyRule.Float("rope.scale_linear", 0, 1e6f),
        GgufKeyRule.Integer("rope.scaling.original_context_length", 1, MaxContext),
        GgufKeyRule.Float("rope.scaling.attn_factor", 0, 1e6f),
        GgufKeyRule.Boolean("rope.scaling.finetuned"),
        GgufKeyRule.Integer("vocab_size", 1, MaxVocabulary),
        GgufKeyRule.Integer("expert_count", 0, 1_024),
        GgufKeyRule.Integer("expert_used_count", 0, 1_024),
    ];

    /// <summary>Keys with fixed names.</summary>
    private static readonly GgufKeyRule[] CommonRules =
    [
        GgufKeyRule.String("general.architecture"),
        GgufKeyRule.String("general.name"),
        GgufKeyRule.String("general.basename"),
        GgufKeyRule.String("general.size_label"),
        GgufKeyRule.String("general.finetune"),
        GgufKeyRule.String("general.type"),
        GgufKeyRule.Integer("general.file_type", 0, ushort.MaxValue),
        GgufKeyRule.Integer("general.quantization_version", 0, 1_000),
        GgufKeyRule.Integer("general.parameter_count", 0, long.MaxValue),
        GgufKeyRule.Integer("split.no", 0, ushort.MaxValue),
        GgufKeyRule.Integer("split.count", 0, GgufLimits.MaxSplitFiles),
        GgufKeyRule.Integer("split.tensors.count", 0, GgufLimits.MaxTensors * GgufLimits.MaxSplitFiles),
        GgufKeyRule.String("tokenizer.chat_template"),
        GgufKeyRule.String("tokenizer.chat_template.tool_use"),
        GgufKeyRule.Strings("tokenizer.chat_templates", 0, 1_024),
        GgufKeyRule.String("tokenizer.ggml.model"),
        GgufKeyRule.String("tokenizer.ggml.pre"),
        GgufKeyRule.Strings("tokenizer.ggml.tokens", 1, MaxVocabulary),
        GgufKeyRule.Strings("tokenizer.ggml.merges", 0, (int)GgufLimits.MaxStringsInArray),
        GgufKeyRule.Floats("tokenizer.ggml.scores", 1, MaxVocabulary, float.MinValue, float.MaxValue),
        GgufKeyRule.Integers("tokenizer.ggml.token_type", 1, MaxVocabulary, 0, 6),
        .. new[]
        {
            "bos", "eos", "eot", "eom", "unknown", "padding", "seperator", "mask", "fim_pre", "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep",
        }.Select(name => GgufKeyRule.Integer($"tokenizer.ggml.{name}_token_id", -1, uint.MaxValue)),
        GgufKeyRule.Boolean("tokenizer.ggml.add_bos_token"),
        GgufKeyRule.Boolean("tokenizer.ggml.add_eos_token"),
        GgufKeyRule.Boolean("tokenizer.ggml.add_space_prefix"),
        GgufKeyRule.Boolean("tokenizer.ggml.remove_extra_whitespaces"),
        GgufKeyRule.Boolean("clip.has_text_encoder"),
        GgufKeyRule.Boolean("clip.has_vision_encoder"),
        GgufKeyRule.Boolean("clip.has_llava_projector"),
        GgufKeyRule.Boolean("clip.use_gelu"),
        GgufKeyRule.Boolean("clip.use_silu"),
        GgufKeyRule.String("clip.projector_type"),
        GgufKeyRule.Integer("clip.vision.image_size", 1, 8_192),
        GgufKeyRule.Integer("clip.vision.patch_size", 1, 8_192),
        GgufKeyRule.Integer("clip.vision.embedding_length", 1, MaxWidth),
        GgufKeyRule.Integer("clip.vision.feed_forward_length", 1, MaxFeedForward),
        GgufKeyRule.Integer("clip.vision.block_count", 1, MaxLayers),
        GgufKeyRule.Integer("clip.vision.attention.head_count", 1, MaxHeads),
        GgufKeyRule.Float("clip.vision.attention.layer_norm_epsilon", float.Epsilon, 0.9999999f),
        GgufKeyRule.Integer("clip.vision.projection_dim", 0, MaxFeedForward),
        GgufKeyRule.Floats("clip.vision.image_mean", 3, 3, -1e3f, 1e3f),
        GgufKeyRule.Floats("clip.vision.image_std", 3, 3, 1e-6f, 1e3f),
        GgufKeyRule.Integers("clip.vision.image_grid_pinpoints", 0, 2_048, 1, MaxWidth),
        GgufKeyRule.Integers("clip.vision.feature_layer", 1, 64, 0, MaxLayers),
    ];

    /// <exception cref="GgufException">Names the first key that breaks a rule.</exception>
    public static void Check(GgufMetadata metadata)
    {
        foreach (var rule in CommonRules)
        {
            rule.Check(metadata, rule.Name);
        }

        CheckTokenizer(metadata);
        var architecture = metadata.GetString("general.architecture", null);
        if (architecture == "clip")
        {
            CheckVision(metadata);
        }
        else if (architecture is not null)
        {
            CheckLanguage(metadata, architecture + ".");
        }
    }

    private static void CheckLanguage(GgufMetadata metadata, string prefix)
    {
        foreach (var rule in LanguageRules)
        {
            rule.Check(metadata, prefix + rule.Name);
        }

        var width = metadata.GetInt32(prefix + "embedding_length", 0);
        var (headKey, keyValueKey) = (prefix + "attention.head_count", prefix + "attention.head_count_kv");
        if (!metadata.Contains(headKey))
        {
            return;
        }

        var heads = metadata.GetPerLayer(headKey, LayerCount(metadata, prefix, headKey));
        var keyValueHeads = metadata.Contains(keyValueKey) ? metadata.GetPerLayer(keyValueKey, heads.Length) : heads;
        for (var layer = 0; layer < heads.Length; layer++)
        {
            Require(keyValueHeads[layer] == 0 || heads[layer] % keyValueHeads[layer] == 0, keyValueKey, "must divide the head count");
            Require(heads[layer] == 0 || width == 0 || metadata.Contains(prefix + "attention.key_length") || IsHeadSize(width, heads[layer]),
                headKey, $"must divide the embedding length {width} into even heads of at most 1024");
        }

        var rope = metadata.GetInt32(prefix + "rope.dimension_count", 2);
        Require(rope % 2 == 0, prefix + "rope.dimension_count", "must be even");
        var headSize = metadata.GetInt32(prefix + "attention.key_length", heads[0] > 0 && width > 0 ? width / heads[0] : rope);
        Require(rope <= headSize, prefix + "rope.dimension_count", $"must not exceed the head size {headSize}");
    }

    private static int LayerCount(GgufMetadata metadata, string prefix, string headKey) =>
        metadata.GetInt32(prefix + "block_count", metadata.IsArray(headKey) ? metadata.GetInt32s(headKey).Length : 1);

    private static bool IsHeadSize(int width, int heads) => width % heads == 0 && width / heads <= 1_024 && width / heads % 2 == 0;

    private static void CheckVision(GgufMetadata metadata)
    {
        var imageSize = metadata.GetInt32("clip.vision.image_size", int.MaxValue);
        Require(metadata.GetInt32("clip.vision.patch_size", 1) <= imageSize, "clip.vision.patch_size", "must not exceed the image size");
        var heads = metadata.GetInt32("clip.vision.attention.head_count", 1);
        Require(metadata.GetInt32("clip.vision.embedding_length", heads) % heads == 0,
            "clip.vision.attention.head_count", "must divide the embedding length");
        Require(!metadata.GetBoolean("clip.use_gelu", false) || !metadata.GetBoolean("clip.use_silu", false),
            "clip.use_silu", "must not be true together with clip.use_gelu");
        if (metadata.TryGetInt32s("clip.vision.image_grid_pinpoints", out var pinpoints))
        {
            Require(pinpoints.Length % 2 == 0, "clip.vision.image_grid_pinpoints", "must hold pairs");
        }

        if (metadata.TryGetInt32s("clip.vision.feature_layer", out var layers))
        {
            var blocks = metadata.GetInt32("clip.vision.block_count", MaxLayers);
            Require(layers.Max() <= blocks, "clip.vision.feature_layer", $"must not exceed the block count {blocks}");
        }
    }

    private static void CheckTokenizer(GgufMetadata metadata)
    {
        if (!metadata.TryGetStrings("tokenizer.ggml.tokens", out var tokens))
        {
            return;
        }

        foreach (var key in (ReadOnlySpan<string>)["tokenizer.ggml.scores", "tokenizer.ggml.token_type"])
        {
            Require(!metadata.Contains(key) || ((Array)metadata.GetValue(key)).Length == tokens.Length, key, $"must have one element for each of {tokens.Length} tokens");
        }
    }

    private static void Require(bool condition, string key, string rule)
    {
        if (!condition)
        {
            throw new GgufException($"key {GgufText.Quote(key)}: {rule}");
        }
    }
}
