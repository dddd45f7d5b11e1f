using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>One file and picture whose image rows llama.cpp computed.</summary>
/// <param name="Name">Name in the golden file.</param>
/// <param name="File">The mmproj file.</param>
/// <param name="Width">Pixels per row of the picture.</param>
/// <param name="Height">Rows of the picture.</param>
/// <param name="Profile">Whose rows they are.</param>
internal sealed record GoldenCase(string Name, TinyMmproj File, int Width, int Height, VisionProfile Profile = VisionProfile.LlamaCppD)
{
    // From 64 positions and head widths of whole vectors on, llama.cpp's attention accumulates in single precision, as all real towers have it.
    private static readonly TinyMmproj s_base = new() { ImageSize = 112, Heads = 2 };

    private static readonly TensorType[] s_smallBlocks =
        [TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1, TensorType.Q8_0, TensorType.IQ4_NL];

    private static readonly TensorType[] s_superBlocks =
        [TensorType.Q2_K, TensorType.Q3_K, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K, TensorType.IQ4_XS];

    public static IReadOnlyList<GoldenCase> All { get; } =
    [
        new("f32", s_base with { Type = TensorType.F32 }, 112, 112),
        new("f16", s_base, 112, 112),
        new("bf16", s_base with { Type = TensorType.BF16 }, 112, 112),
        .. s_smallBlocks.Select(type => new GoldenCase(type.ToString(), s_base with { Type = type }, 112, 112)),
        .. s_superBlocks.Select(type => new GoldenCase(type.ToString(), Wide(type), 112, 112)),
        new("few-positions", new TinyMmproj(), 56, 56),
        new("wide-picture", s_base, 200, 140),
        new("tall-picture", s_base, 40, 90),
        new("thin-picture", s_base, 3, 200),
        new("small-picture", s_base, 9, 5),
        new("no-feature-layer", s_base with { FeatureLayers = null }, 112, 112),
        new("feature-layer-all", s_base with { FeatureLayers = [3] }, 112, 112),
        new("new-names", s_base with { HasSwappedNames = false }, 112, 112),
        new("use-gelu", s_base with { UseGelu = true }, 112, 112),
        new("use-silu", s_base with { UseSilu = true }, 112, 112),
        new("mlp-norm", s_base with { ProjectorTensors = "mlp_norm" }, 112, 112),
        new("post-norm", s_base with { HasPostNorm = true }, 112, 112),
        new("no-class", s_base with { HasClass = false, HasPreNorm = false }, 112, 112),
        new("odd-sizes", s_base with { ImageSize = 85, PatchSize = 9, Width = 48, Heads = 3, FeedForward = 100, ProjectorHidden = 72 }, 90, 70),
    ];

    public RgbImage Picture => TestImages.Waves(Width, Height);

    private static TinyMmproj Wide(TensorType type) =>
        s_base with { Type = type, Width = 256, Heads = 4, FeedForward = 256, ProjectorHidden = 256, FeatureLayers = [1], Blocks = 1 };
}
