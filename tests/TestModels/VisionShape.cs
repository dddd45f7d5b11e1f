namespace LlavaServer.TestModels;

/// <summary>Sizes of a random CLIP tower with projector, and which of the forms of an mmproj file it takes.</summary>
internal sealed record VisionShape(
    string Name, int ImageSize, int PatchSize, int Width, int Heads, int FeedForward, int Blocks, int ProjectionWidth)
{
    /// <summary>A picture of 56 pixels in 16 patches, three blocks of which two are kept, for a language model 64 wide.</summary>
    public static VisionShape Tiny { get; } = new("tiny-clip", 56, 14, 32, 2, 64, 2, 64);

    /// <summary>As <see cref="Tiny"/> but 256 wide, so that the K types fit.</summary>
    public static VisionShape Tiny256 { get; } = new("tiny-clip-256", 56, 14, 256, 4, 512, 2, 256);

    /// <summary>The tower of LLaVA-1.5: CLIP ViT-L/14 at 336 pixels without its last block, for TinyLlama.</summary>
    public static VisionShape ClipLarge336 { get; } = new("clip-vit-l-14-336", 336, 14, 1_024, 16, 4_096, 23, 2_048);

    public static IReadOnlyList<VisionShape> All { get; } = [Tiny, Tiny256, ClipLarge336];

    /// <summary>Projector of InternVL: texts around a picture, and one row for each square of patches.</summary>
    public const string InternVL = "internvl";

    /// <summary>Patches on a side of such a square.</summary>
    public const int InternVLMerge = 2;

    /// <summary>`mlp`, `mlp_norm`, <see cref="InternVL"/>, or `linear` (a file with only mm.0, which llama.cpp cannot load).</summary>
    public string Projector { get; init; } = "mlp";

    /// <summary>A `clip.vision.feature_layer` key that asks for all blocks of the file, as newer converters write.</summary>
    public bool FeatureLayer { get; init; } = true;

    /// <summary>Names of the feed-forward matrices swapped, as in files of before 2025.</summary>
    public bool LegacyNames { get; init; }

    /// <summary>The class vector and the norm before the blocks: CLIP has them, SigLIP has a patch bias instead.</summary>
    public bool ClassVector { get; init; } = true;

    public bool UseGelu { get; init; }

    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);
}
