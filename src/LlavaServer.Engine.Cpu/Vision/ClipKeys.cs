namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>Metadata keys and tensor names of an mmproj file, spelt as in the file.</summary>
internal static class ClipKeys
{
    public const string Architecture = "general.architecture";
    public const string HasVisionEncoder = "clip.has_vision_encoder";
    public const string ProjectorType = "clip.projector_type";
    public const string VisionProjectorType = "clip.vision.projector_type";
    public const string UseGelu = "clip.use_gelu";
    public const string UseSilu = "clip.use_silu";
    public const string ImageSize = "clip.vision.image_size";
    public const string PatchSize = "clip.vision.patch_size";
    public const string EmbeddingLength = "clip.vision.embedding_length";
    public const string FeedForwardLength = "clip.vision.feed_forward_length";
    public const string HeadCount = "clip.vision.attention.head_count";
    public const string KVHeadCount = "clip.vision.attention.head_count_kv";
    public const string HeadWidth = "clip.vision.attention.head_dim";
    public const string LayerNormEpsilon = "clip.vision.attention.layer_norm_epsilon";
    public const string BlockCount = "clip.vision.block_count";
    public const string ImageMean = "clip.vision.image_mean";
    public const string ImageStd = "clip.vision.image_std";
    public const string ImageGridPinpoints = "clip.vision.image_grid_pinpoints";
    public const string FeatureLayer = "clip.vision.feature_layer";

    public const string ClassEmbedding = "v.class_embd";
    public const string PatchEmbedding = "v.patch_embd.weight";
    public const string SecondPatchEmbedding = "v.patch_embd.weight.1";
    public const string PatchBias = "v.patch_embd.bias";
    public const string PositionEmbedding = "v.position_embd.weight";
    public const string PreNorm = "v.pre_ln";
    public const string PostNorm = "v.post_ln";

    public static string Block(int block, string part) => $"v.blk.{block}.{part}";

    public static string Projector(int layer) => $"mm.{layer}";
}
