using System.Text.Json;

namespace LlavaServer.Models.Import;

/// <summary>Sizes of the vision tower out of a checkpoint's `vision_config`, and which of its layers the projector reads.</summary>
internal sealed record VisionConfig(
    int Width, int FeedForward, int Layers, int Heads, int ImageSize, int PatchSize, int ProjectionDimension, float Epsilon, string Activation,
    int[] FeatureLayers, bool KeepsClassVector, float[] Mean, float[] Deviation)
{
    private static readonly float[] ClipMean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] ClipDeviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>Blocks that have to run, and so the blocks that are stored.</summary>
    public int Blocks => FeatureLayers.Max();

    public static VisionConfig Read(JsonFile config, JsonFile? preprocessor)
    {
        var vision = config.FindObject("vision_config");
        if (vision is null && !(config.FindString("mm_vision_tower") ?? string.Empty).Contains("clip-vit-large-patch14", StringComparison.Ordinal))
        {
            throw config.Wrong("vision_config", "an object");
        }

        // Without a vision_config the checkpoint is of the authors' form and names OpenAI's ViT-L/14.
        var large = vision is null;
        vision ??= JsonFile.Parse("vision_config", "{}"u8.ToArray());
        var isSiglip = vision.FindString("model_type") == "siglip_vision_model";
        var defaultImage = large && (config.FindString("mm_vision_tower") ?? string.Empty).EndsWith("336", StringComparison.Ordinal) ? 336 : 224;
        var layers = vision.GetInt32("num_hidden_layers", large ? 24 : 12, 1, 1_024);
        var width = vision.GetInt32("hidden_size", large ? 1_024 : 768, 1, 65_536);
        var heads = vision.GetInt32("num_attention_heads", large ? 16 : 12, 1, 1_024);
        var imageSize = vision.GetInt32("image_size", defaultImage, 1, 8_192);
        if (width % heads != 0)
        {
            throw vision.Wrong("num_attention_heads", "a divisor of hidden_size");
        }

        return new VisionConfig(
            width,
            vision.GetInt32("intermediate_size", large ? 4_096 : 3_072, 1, 1 << 20),
            layers,
            heads,
            imageSize,
            vision.GetInt32("patch_size", large ? 14 : isSiglip ? 16 : 32, 1, imageSize),
            vision.GetInt32("projection_dim", large ? 768 : 512, 0, 1 << 20),
            vision.GetSingle("layer_norm_eps", isSiglip ? 1e-6f : 1e-5f, 1e-20f, 0.1f),
            vision.FindString("hidden_act") ?? (isSiglip ? "gelu_pytorch_tanh" : "quick_gelu"),
            ReadFeatureLayers(config, layers),
            config.FindString("vision_feature_select_strategy") == "full" || config.FindString("mm_vision_select_feature") == "cls_patch",
            preprocessor?.FindSingles("image_mean", 3) ?? (isSiglip ? [0.5f, 0.5f, 0.5f] : ClipMean),
            preprocessor?.FindSingles("image_std", 3) ?? (isSiglip ? [0.5f, 0.5f, 0.5f] : ClipDeviation));
    }

    /// <summary>
    /// Indices into the list of hidden states, whose element 0 is the embedding and element n the output of block n - 1. So -2 of 24 blocks is 23: the
    /// output after 23 blocks.
    /// </summary>
    private static int[] ReadFeatureLayers(JsonFile config, int layers)
    {
        var key = config.Find("vision_feature_layer") is not null ? "vision_feature_layer" : "mm_vision_select_layer";
        int[] indices = config.Find(key) switch
        {
            null => [-2],
            { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var index) => [index],
            { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() is > 0 and <= 64 && list.EnumerateArray().All(item => item.TryGetInt32(out _)) =>
                [.. list.EnumerateArray().Select(item => item.GetInt32())],
            _ => throw config.Wrong(key, "an integer or a list of integers"),
        };
        var resolved = Array.ConvertAll(indices, index => index < 0 ? layers + 1 + index : index);
        return Array.TrueForAll(resolved, index => index >= 1 && index <= layers)
            ? resolved
            : throw config.Wrong(key, $"between 1 and {layers}, or as a negative number its distance from the end");
    }
}
