using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Training.Checkpoints;
using LlavaServer.Training.Network;
using LlavaServer.Training.Stages;

namespace LlavaServer.Training.Export;

/// <summary>Writes a checkpoint as a Hugging Face LlavaForConditionalGeneration folder, laid out like llava-hf/llava-1.5-7b-hf.</summary>
public static class LlavaExport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Exports <paramref name="checkpoint"/> of a run into <paramref name="folder"/>; what only training uses is left behind.</summary>
    public static void Write(StageOptions options, string checkpoint, string folder)
    {
        var workshop = new Workshop(options);
        var (tensors, metadata) = SafetensorsFile.Read(checkpoint);
        Directory.CreateDirectory(folder);
        string[] kept = [LlavaWeights.Language, LlavaWeights.Projector, LlavaWeights.Vision];
        SafetensorsFile.Write(
            Path.Combine(folder, "model.safetensors"),
            tensors.Where(t => Array.Exists(kept, k => t.Key.StartsWith(k, StringComparison.Ordinal))).OrderBy(t => t.Key, StringComparer.Ordinal)
                .Select(t => (t.Key, t.Value.Shape, t.Value.Values)),
            new Dictionary<string, string> { ["format"] = "pt", ["llava_mini_step"] = metadata["step"], ["llava_mini_examples"] = metadata["examples"] });
        WriteJson(folder, "config.json", Config(workshop.Shape));
        WriteJson(folder, "preprocessor_config.json", Preprocessor(workshop.Shape));
        WriteJson(folder, "generation_config.json", new JsonObject { ["bos_token_id"] = 1, ["eos_token_id"] = 2, ["pad_token_id"] = 0, ["do_sample"] = false });
        WriteJson(folder, "tokenizer_config.json", new JsonObject
        {
            ["add_bos_token"] = true,
            ["add_eos_token"] = false,
            ["add_prefix_space"] = true,
            ["bos_token"] = "<s>",
            ["chat_template"] = ChatTemplate.Text,
            ["clean_up_tokenization_spaces"] = false,
            ["eos_token"] = "</s>",
            ["legacy"] = true,
            ["model_max_length"] = workshop.Shape.MaxPositions,
            ["pad_token"] = "<unk>",
            ["tokenizer_class"] = "LlamaTokenizer",
            ["unk_token"] = "<unk>",
        });
        WriteJson(folder, "chat_template.json", new JsonObject { ["chat_template"] = ChatTemplate.Text });
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), SentencePieceModel.Serialize(workshop.Vocabulary));
    }

    private static JsonObject Config(LlavaShape shape) => new()
    {
        ["architectures"] = new JsonArray("LlavaForConditionalGeneration"),
        ["_name_or_path"] = "llava-mini",
        ["ignore_index"] = -100,
        ["image_token_index"] = shape.VocabSize,
        ["image_seq_length"] = shape.ImageRows,
        ["model_type"] = "llava",
        ["multimodal_projector_bias"] = true,
        ["pad_token_id"] = 0,
        ["projector_hidden_act"] = "gelu",
        ["tie_word_embeddings"] = false,
        ["torch_dtype"] = "float32",
        ["vision_feature_layer"] = -2,
        ["vision_feature_select_strategy"] = "default",
        ["text_config"] = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["attention_bias"] = false,
            ["bos_token_id"] = 1,
            ["eos_token_id"] = 2,
            ["head_dim"] = shape.HiddenSize / shape.AttentionHeads,
            ["hidden_act"] = "silu",
            ["hidden_size"] = shape.HiddenSize,
            ["intermediate_size"] = shape.IntermediateSize,
            ["max_position_embeddings"] = shape.MaxPositions,
            ["mlp_bias"] = false,
            ["model_type"] = "llama",
            ["num_attention_heads"] = shape.AttentionHeads,
            ["num_hidden_layers"] = shape.HiddenLayers,
            ["num_key_value_heads"] = shape.AttentionHeads,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["tie_word_embeddings"] = false,
            ["torch_dtype"] = "float32",
            ["vocab_size"] = shape.VocabSize,
        },
        ["vision_config"] = new JsonObject
        {
            ["hidden_act"] = "quick_gelu",
            ["hidden_size"] = shape.VisionHiddenSize,
            ["image_size"] = shape.ImageSize,
            ["intermediate_size"] = shape.VisionIntermediateSize,
            ["layer_norm_eps"] = 1e-5,
            ["model_type"] = "clip_vision_model",
            ["num_attention_heads"] = shape.VisionAttentionHeads,
            ["num_channels"] = 3,
            ["num_hidden_layers"] = shape.VisionHiddenLayers,
            ["patch_size"] = shape.PatchSize,
            ["projection_dim"] = shape.ProjectionDim,
        },
    };

    private static JsonObject Preprocessor(LlavaShape shape) => new()
    {
        ["crop_size"] = new JsonObject { ["height"] = shape.ImageSize, ["width"] = shape.ImageSize },
        ["do_center_crop"] = true,
        ["do_convert_rgb"] = true,
        ["do_normalize"] = true,
        ["do_rescale"] = true,
        ["do_resize"] = true,
        ["image_aspect_ratio"] = "pad",
        ["image_mean"] = new JsonArray(0.48145466, 0.4578275, 0.40821073),
        ["image_processor_type"] = "CLIPImageProcessor",
        ["image_std"] = new JsonArray(0.26862954, 0.26130258, 0.27577711),
        ["resample"] = 3,
        ["rescale_factor"] = 1 / 255.0,
        ["size"] = new JsonObject { ["shortest_edge"] = shape.ImageSize },
    };

    private static void WriteJson(string folder, string name, JsonObject content) =>
        File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(Indented) + "\n");
}
