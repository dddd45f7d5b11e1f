using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>Hyperparameters of a language model of the llama family, read from the metadata and checked. Immutable.</summary>
internal sealed record LlamaConfig
{
    public required string Architecture { get; init; }

    public required int ContextLength { get; init; }

    public required int EmbeddingWidth { get; init; }

    public required int LayerCount { get; init; }

    public required int FeedForwardWidth { get; init; }

    public required int HeadCount { get; init; }

    public required int KVHeadCount { get; init; }

    public required int HeadWidth { get; init; }

    public required int VocabularySize { get; init; }

    public required float RmsEpsilon { get; init; }

    /// <summary>Factor of the attention scores.</summary>
    public required float AttentionScale { get; init; }

    /// <summary>Rotated elements of a head.</summary>
    public required int RopeWidth { get; init; }

    /// <summary>True rotates element i with i + RopeWidth / 2 (NEOX), false 2i with 2i + 1 (NORM).</summary>
    public required bool RotatesHalves { get; init; }

    public required float RopeBase { get; init; }

    public required RopeScaling RopeScaling { get; init; }

    public required float RopeFactor { get; init; }

    public required float RopeAttentionFactor { get; init; }

    public required int RopeOriginalContext { get; init; }

    public required float YarnBetaFast { get; init; }

    public required float YarnBetaSlow { get; init; }

    public int QueryWidth => HeadCount * HeadWidth;

    public int KVWidth => KVHeadCount * HeadWidth;

    /// <exception cref="GgufException">A key is missing, of the wrong type, out of range or asks for what is not built; the message names it.</exception>
    public static LlamaConfig Read(GgufMetadata metadata)
    {
        string architecture = metadata.GetString("general.architecture");
        if (architecture is not ("llama" or "qwen2"))
        {
            throw new GgufException($"architecture '{Printable(architecture)}' is not supported (supported: llama, qwen2)");
        }

        string Key(string name) => $"{architecture}.{name}";
        if (metadata.GetUInt32(Key("expert_count"), 0) > 0)
        {
            throw new GgufException($"key '{Key("expert_count")}': mixture of experts is not supported");
        }

        if (!metadata.GetBoolean(Key("attention.causal"), true))
        {
            throw new GgufException($"key '{Key("attention.causal")}': attention to later positions is not supported");
        }

        int layers = Positive(metadata, Key("block_count"), 1024);
        int width = Positive(metadata, Key("embedding_length"), 65_536);
        int heads = Uniform(metadata, Key("attention.head_count"), layers, 1024);
        int kvHeads = metadata.Contains(Key("attention.head_count_kv")) ? Uniform(metadata, Key("attention.head_count_kv"), layers, 1024) : heads;
        if (heads % kvHeads != 0)
        {
            throw new GgufException($"key '{Key("attention.head_count_kv")}': {heads} heads cannot share {kvHeads} KV heads");
        }

        int headWidth = metadata.Contains(Key("attention.key_length")) ? Positive(metadata, Key("attention.key_length"), 1024) : width / heads;
        if (metadata.Contains(Key("attention.value_length")) && Positive(metadata, Key("attention.value_length"), 1024) != headWidth)
        {
            throw new GgufException($"key '{Key("attention.value_length")}' differs from the key length, which is not supported");
        }

        if (headWidth is < 2 or > 1024 || headWidth % 2 != 0)
        {
            throw new GgufException($"key '{Key("attention.head_count")}': head width {headWidth} is not an even number from 2 to 1024");
        }

        int ropeWidth = metadata.Contains(Key("rope.dimension_count")) ? Positive(metadata, Key("rope.dimension_count"), 1024) : headWidth;
        if (ropeWidth > headWidth || ropeWidth % 2 != 0 || (architecture == "llama" && ropeWidth != headWidth))
        {
            throw new GgufException($"key '{Key("rope.dimension_count")}': {ropeWidth} does not fit a head width of {headWidth}");
        }

        int context = Positive(metadata, Key("context_length"), 1 << 24);
        return new LlamaConfig
        {
            Architecture = architecture,
            ContextLength = context,
            EmbeddingWidth = width,
            LayerCount = layers,
            FeedForwardWidth = Uniform(metadata, Key("feed_forward_length"), layers, 1 << 20),
            HeadCount = heads,
            KVHeadCount = kvHeads,
            HeadWidth = headWidth,
            VocabularySize = Vocabulary(metadata, Key("vocab_size")),
            RmsEpsilon = InRange(metadata, Key("attention.layer_norm_rms_epsilon"), null, float.Epsilon, 1),
            AttentionScale = InRange(metadata, Key("attention.scale"), 0, 0, 1e6f) is > 0 and float scale ? scale : 1f / MathF.Sqrt(headWidth),
            RopeWidth = ropeWidth,
            RotatesHalves = architecture == "qwen2",
            RopeBase = InRange(metadata, Key("rope.freq_base"), 10_000, 1e-6f, 1e15f),
            RopeScaling = ReadScaling(metadata, architecture, out float factor),
            RopeFactor = factor,
            RopeAttentionFactor = InRange(metadata, Key("rope.scaling.attn_factor"), 1, 1e-6f, 1e6f),
            RopeOriginalContext = metadata.Contains(Key("rope.scaling.original_context_length"))
                ? Positive(metadata, Key("rope.scaling.original_context_length"), 1 << 24)
                : context,
            YarnBetaFast = InRange(metadata, Key("rope.scaling.yarn_beta_fast"), 32, 0, 1e6f),
            YarnBetaSlow = InRange(metadata, Key("rope.scaling.yarn_beta_slow"), 1, 0, 1e6f),
        };
    }

    private static RopeScaling ReadScaling(GgufMetadata metadata, string architecture, out float factor)
    {
        string key = $"{architecture}.rope.scaling.type";
        string type = metadata.GetString(key, "linear")!;
        factor = InRange(metadata, $"{architecture}.rope.scaling.factor", 0, 0, 1e6f);
        if (factor == 0)
        {
            factor = InRange(metadata, $"{architecture}.rope.scale_linear", 0, 0, 1e6f);
        }

        factor = factor == 0 ? 1 : factor;
        switch (type)
        {
            case "none":
                factor = 1;
                return RopeScaling.None;
            case "linear":
                return RopeScaling.Linear;
            case "yarn":
                return RopeScaling.Yarn;
            default:
                throw new GgufException($"key '{key}': scaling type '{Printable(type)}' is not supported (supported: none, linear, yarn)");
        }
    }

    private static int Vocabulary(GgufMetadata metadata, string key)
    {
        int tokens = metadata.TryGetStrings("tokenizer.ggml.tokens", out string[]? list) ? list.Length : 0;
        if (tokens == 0)
        {
            tokens = Positive(metadata, key, 1 << 20);
        }

        return tokens;
    }

    private static int Positive(GgufMetadata metadata, string key, int maximum)
    {
        uint value = metadata.GetUInt32(key);
        return value >= 1 && value <= maximum
            ? (int)value
            : throw new GgufException($"key '{key}': {value} is not in the range 1 to {maximum}");
    }

    /// <summary>A number that may be given per layer but must be the same in all of them.</summary>
    private static int Uniform(GgufMetadata metadata, string key, int layers, int maximum)
    {
        int[] values = metadata.GetPerLayer(key, layers);
        if (values.Length == 0 || values[0] < 1 || values[0] > maximum)
        {
            throw new GgufException($"key '{key}': not in the range 1 to {maximum}");
        }

        return values.AsSpan().IndexOfAnyExcept(values[0]) < 0
            ? values[0]
            : throw new GgufException($"key '{key}': layers that differ are not supported");
    }

    private static float InRange(GgufMetadata metadata, string key, float? absent, float minimum, float maximum)
    {
        if (absent is { } value && !metadata.Contains(key))
        {
            return value;
        }

        float read = metadata.GetFloat32(key);
        return float.IsFinite(read) && read >= minimum && read <= maximum
            ? read
            : throw new GgufException($"key '{key}': value is not in the range {minimum:g} to {maximum:g}");
    }

    private static string Printable(string text) =>
        new([.. text.Take(40).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '?')]);
}
