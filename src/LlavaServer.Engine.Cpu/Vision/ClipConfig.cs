using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>
/// Sizes of a vision tower and projector, read from an mmproj file's metadata and checked before any tensor is touched. Immutable.
/// </summary>
internal sealed record ClipConfig
{
    // Far above the towers in use (577 x 1024, 729 x 1152); bounds what a hostile header can ask of memory.
    private const int MaxPatchesPerSide = 128;
    private const long MaxHiddenState = 1L << 26;

    public required int ImageSize { get; init; }

    public required int PatchSize { get; init; }

    /// <summary>Patches per side of the square; pixels beyond the last whole patch are not seen.</summary>
    public int PatchesPerSide => ImageSize / PatchSize;

    public int PatchCount => PatchesPerSide * PatchesPerSide;

    /// <summary>Width of a hidden state in floats.</summary>
    public required int Width { get; init; }

    public required int FeedForwardWidth { get; init; }

    public required int HeadCount { get; init; }

    public int HeadWidth => Width / HeadCount;

    public required float LayerNormEpsilon { get; init; }

    /// <summary>Blocks that the file says it holds.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Blocks that are run.</summary>
    public required int RunBlockCount { get; init; }

    /// <summary>Hidden states that are joined side by side for the projector, in order; n is the output of block n - 1.</summary>
    public required int[] FeatureLayers { get; init; }

    public required bool HasClassEmbedding { get; init; }

    /// <summary>Rows of a hidden state: patches and, if there is one, the class vector.</summary>
    public int PositionCount => PatchCount + (HasClassEmbedding ? 1 : 0);

    public required VisionActivation Activation { get; init; }

    public required ProjectorKind Projector { get; init; }

    public required VisionActivation ProjectorActivation { get; init; }

    /// <summary>Mean and standard deviation of R, G, B in units of full brightness.</summary>
    public required float[] ImageMean { get; init; }

    public required float[] ImageStd { get; init; }

    /// <exception cref="GgufException">A key is missing, out of range, or asks for what is not built; the message names it.</exception>
    public static ClipConfig Read(GgufFile file, VisionRules rules)
    {
        GgufMetadata metadata = file.Metadata;
        RefuseOtherFiles(file);
        int width = Bounded(metadata, ClipKeys.EmbeddingLength, 1, 65_536);
        int heads = Bounded(metadata, ClipKeys.HeadCount, 1, 1024);
        int blocks = Bounded(metadata, ClipKeys.BlockCount, 1, 1024);
        int imageSize = Bounded(metadata, ClipKeys.ImageSize, 1, 8192);
        int patchSize = Bounded(metadata, ClipKeys.PatchSize, 1, imageSize);
        int feedForward = Bounded(metadata, ClipKeys.FeedForwardLength, 1, 1 << 20);
        float epsilon = metadata.GetFloat32(ClipKeys.LayerNormEpsilon);
        Require(epsilon is > 0 and < 1, ClipKeys.LayerNormEpsilon, "must lie between 0 and 1");
        Require(width % heads == 0 && width / heads <= 1024, ClipKeys.HeadCount, $"does not divide the width {width} into heads of at most 1024");
        Require(metadata.GetInt32(ClipKeys.KVHeadCount, heads) == heads, ClipKeys.KVHeadCount, "grouped key heads are not supported in a vision tower");
        Require(metadata.GetInt32(ClipKeys.HeadWidth, width / heads) == width / heads, ClipKeys.HeadWidth, "must be the width divided by the heads");
        int side = imageSize / patchSize;
        Require(side <= MaxPatchesPerSide, ClipKeys.PatchSize, $"gives more than {MaxPatchesPerSide} patches a side");
        Require((side * side + 1L) * Math.Max(width, feedForward) <= MaxHiddenState, ClipKeys.ImageSize, "gives a hidden state that is too large");

        bool hasClass = file.TryGetTensor(ClipKeys.ClassEmbedding, out _);
        float[] mean = Triple(metadata, ClipKeys.ImageMean, float.IsFinite, "finite numbers");
        float[] deviation = Triple(metadata, ClipKeys.ImageStd, value => float.IsFinite(value) && value > 0, "positive finite numbers");
        int[] named = ReadFeatureLayers(metadata, blocks, rules);
        int run = named.Length > 0 ? named.Max() : BlocksToRun(blocks, width, rules);
        return new ClipConfig
        {
            ImageSize = imageSize,
            PatchSize = patchSize,
            Width = width,
            FeedForwardWidth = feedForward,
            HeadCount = heads,
            LayerNormEpsilon = epsilon,
            BlockCount = blocks,
            RunBlockCount = run,
            FeatureLayers = named.Length > 0 ? named : [run],
            HasClassEmbedding = hasClass,
            Activation = ReadActivation(metadata, rules, isSiglip: !hasClass && mean[0] == 0.5f),
            Projector = ReadProjector(file),
            ProjectorActivation = rules.RoundsAsLlamaCpp ? VisionActivation.GeluTanhHalf : VisionActivation.GeluErf,
            ImageMean = mean,
            ImageStd = deviation,
        };
    }

    private static void RefuseOtherFiles(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        string architecture = metadata.GetString(ClipKeys.Architecture);
        Require(architecture == "clip", ClipKeys.Architecture, $"is '{architecture}', a vision file has 'clip'");
        Require(metadata.GetBoolean(ClipKeys.HasVisionEncoder, true), ClipKeys.HasVisionEncoder, "the file has no vision encoder");

        // A newline tensor without pinpoints, as in Ollama's llava:7b-v1.6, is a leftover: such a file sees one view.
        bool isAnyResolution = metadata.TryGetInt32s(ClipKeys.ImageGridPinpoints, out int[]? pinpoints) && pinpoints.Length > 0;
        Require(!isAnyResolution, ClipKeys.ImageGridPinpoints, "LLaVA-1.6 any-resolution files are not supported");
    }

    private static int[] ReadFeatureLayers(GgufMetadata metadata, int blocks, VisionRules rules)
    {
        if (!metadata.TryGetInt32s(ClipKeys.FeatureLayer, out int[]? layers))
        {
            return [];
        }

        Require(layers.Length <= 16, ClipKeys.FeatureLayer, "names more than 16 layers");
        Require(layers.All(layer => layer >= 0 && layer <= blocks), ClipKeys.FeatureLayer, $"must lie between 0 and the {blocks} blocks");

        // llama.cpp collects layers while it runs, so in ascending order and each once.
        return rules.Profile == Inference.Engines.VisionProfile.Reference ? layers : layers.Distinct().Order().ToArray();
    }

    /// <summary>
    /// Blocks of a file without a feature layer. LLaVA takes the output before the last block; the converter of 2023 cut that block off, so a CLIP-L
    /// (24 blocks) with 23 or a SigLIP so400m (27) with 26 is run whole.
    /// </summary>
    private static int BlocksToRun(int blocks, int width, VisionRules rules) =>
        rules.RunsAllBlocks && (width, blocks) is (1024, 23) or (1152, 26) ? blocks : blocks - 1;

    private static VisionActivation ReadActivation(GgufMetadata metadata, VisionRules rules, bool isSiglip)
    {
        bool gelu = metadata.GetBoolean(ClipKeys.UseGelu, false);
        bool silu = metadata.GetBoolean(ClipKeys.UseSilu, false);
        Require(!gelu || !silu, ClipKeys.UseGelu, $"and '{ClipKeys.UseSilu}' are both true");
        if (silu)
        {
            return VisionActivation.Silu;
        }

        if (rules.RoundsAsLlamaCpp)
        {
            return gelu ? VisionActivation.GeluTanhHalf : VisionActivation.QuickGeluHalf;
        }

        // The converter sets use_gelu for "gelu", which is the exact form in the authors' code; SigLIP's "gelu_pytorch_tanh" leaves no trace in the file.
        return gelu ? VisionActivation.GeluErf : isSiglip ? VisionActivation.GeluTanh : VisionActivation.QuickGelu;
    }

    private static ProjectorKind ReadProjector(GgufFile file)
    {
        bool Has(string name) => file.TryGetTensor(name, out _);
        string type = file.Metadata.GetString(ClipKeys.ProjectorType, "");
        type = type.Length > 0 ? type : file.Metadata.GetString(ClipKeys.VisionProjectorType, "");
        if (type.Length == 0)
        {
            // Files of October 2023 do not name their projector.
            type = Has("mm.model.mb_block.1.block.0.0.weight") ? "ldp" : Has("mm.model.peg.0.weight") ? "ldpv2" : "mlp";
        }

        Require(type is "mlp" or "mlp_norm" or "linear", ClipKeys.ProjectorType, $"projector '{type}' is not supported");
        if (Has("mm.3.weight"))
        {
            return ProjectorKind.MlpNorm;
        }

        Require(!Has("mm.4.weight"), ClipKeys.ProjectorType, "a projector of more than two matrices is not supported");
        Require(type != "mlp_norm", ClipKeys.ProjectorType, "is 'mlp_norm' but tensor 'mm.3.weight' is missing");
        return Has("mm.2.weight") ? ProjectorKind.Mlp : ProjectorKind.Linear;
    }

    private static int Bounded(GgufMetadata metadata, string key, int minimum, int maximum)
    {
        int value = metadata.GetInt32(key);
        Require(value >= minimum && value <= maximum, key, $"is {value}, must lie between {minimum} and {maximum}");
        return value;
    }

    private static float[] Triple(GgufMetadata metadata, string key, Predicate<float> isValid, string rule)
    {
        float[] values = metadata.GetFloat32s(key);
        Require(values.Length == 3 && Array.TrueForAll(values, isValid), key, $"must be three {rule}");
        return values;
    }

    private static void Require(bool condition, string key, string message)
    {
        if (!condition)
        {
            throw new GgufException($"key '{key}': {message}");
        }
    }
}
