namespace LlavaServer.TestModels;

/// <summary>Sizes of a random language model, and which optional parts its file has.</summary>
internal sealed record LanguageShape(
    string Name, int Layers, int Width, int Heads, int KeyValueHeads, int FeedForward, int Vocabulary, int Context = 2_048)
{
    /// <summary>Two layers, 64 wide, four heads of 16 over two of keys; for types with blocks of 32.</summary>
    public static LanguageShape Tiny { get; } = new("tiny", 2, 64, 4, 2, 128, 512);

    /// <summary>Two layers, 256 wide, so that the K types fit.</summary>
    public static LanguageShape Tiny256 { get; } = new("tiny-256", 2, 256, 4, 2, 512, 512);

    /// <summary>TinyLlama-1.1B.</summary>
    public static LanguageShape TinyLlama { get; } = new("tinyllama-1.1b", 22, 2_048, 32, 4, 5_632, 32_000);

    public static IReadOnlyList<LanguageShape> All { get; } = [Tiny, Tiny256, TinyLlama];

    /// <summary>`llama` or `qwen2`; the latter has biases on queries, keys and values.</summary>
    public string Architecture { get; init; } = "llama";

    public bool TiedOutput { get; init; }

    public float RopeBase { get; init; } = 10_000;

    public float Epsilon { get; init; } = 1e-5f;

    /// <summary>`linear` or `yarn`, or none.</summary>
    public string? RopeScaling { get; init; }

    public float RopeScalingFactor { get; init; } = 1;

    public int RopeOriginalContext { get; init; }

    /// <summary>A `rope_freqs.weight` tensor as Llama 3.1 files have.</summary>
    public bool RopeFrequencies { get; init; }

    public int HeadSize => Width / Heads;

    public bool HasBias => Architecture == "qwen2";
}
