using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlavaServer.TestModels;

/// <summary>
/// Writes a LLaVA-1.5 checkpoint with random weights as transformers does: config.json, safetensors in one file or two, tokenizer.model. Tests change
/// its parts before it is written.
/// </summary>
internal sealed class TinyCheckpoint
{
    public const int Width = 64;
    public const int Heads = 4;
    public const int KeyValueHeads = 2;
    public const int HeadSize = Width / Heads;
    public const int FeedForward = 128;
    public const int Layers = 2;
    public const int Pieces = 500;
    public const int Rows = 512;
    public const int VisionWidth = 32;
    public const int VisionLayers = 3;
    public const int ImageToken = 500;
    private readonly RandomSource random = new(11);

    public TinyCheckpoint()
    {
        AddLanguage();
        AddVision();
    }

    /// <summary>Tensors by name, with their PyTorch shapes.</summary>
    public Dictionary<string, (int[] Shape, float[] Values)> Tensors { get; } = [];

    public JsonObject Config { get; } = JsonNode.Parse($$"""
        {
          "architectures": ["LlavaForConditionalGeneration"], "model_type": "llava", "image_token_index": {{ImageToken}},
          "projector_hidden_act": "gelu", "vision_feature_layer": -2, "vision_feature_select_strategy": "default",
          "text_config": {
            "model_type": "llama", "hidden_size": {{Width}}, "intermediate_size": {{FeedForward}}, "num_hidden_layers": {{Layers}},
            "num_attention_heads": {{Heads}}, "num_key_value_heads": {{KeyValueHeads}}, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
            "vocab_size": {{Rows}}, "rope_theta": 10000.0
          },
          "vision_config": {
            "model_type": "clip_vision_model", "hidden_size": {{VisionWidth}}, "intermediate_size": 64, "num_hidden_layers": {{VisionLayers}},
            "num_attention_heads": 2, "image_size": 56, "patch_size": 14, "projection_dim": 32, "hidden_act": "quick_gelu"
          }
        }
        """)!.AsObject();

    public JsonObject TokenizerConfig { get; } = JsonNode.Parse($$"""
        {
          "add_bos_token": true, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": {"content": "<pad>"},
          "added_tokens_decoder": {
            "{{ImageToken}}": {"content": "<image>", "special": true}, "{{ImageToken + 1}}": {"content": "<pad>", "special": true}
          },
          "chat_template": "{{"{{ 'USER: ' + messages[0]['content'] + ' ASSISTANT:' }}"}}"
        }
        """)!.AsObject();

    /// <summary>Storage type: F32, F16 or BF16.</summary>
    public string Type { get; set; } = "F32";

    public bool Sharded { get; set; }

    public SyntheticVocabulary Vocabulary { get; } = new(Pieces);

    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), TokenizerConfig.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), SentencePieceModel(Vocabulary, Pieces));
        if (!Sharded)
        {
            File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), Safetensors(Tensors.Keys));
            return;
        }

        var half = Tensors.Count / 2;
        string[][] parts = [[.. Tensors.Keys.Take(half)], [.. Tensors.Keys.Skip(half)]];
        var map = new JsonObject();
        for (var part = 0; part < parts.Length; part++)
        {
            var name = $"model-{part + 1:D5}-of-00002.safetensors";
            File.WriteAllBytes(Path.Combine(folder, name), Safetensors(parts[part]));
            foreach (var tensor in parts[part])
            {
                map[tensor] = name;
            }
        }

        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    /// <summary>Renames every tensor.</summary>
    public void Rename(Func<string, string> rename)
    {
        foreach (var (name, tensor) in Tensors.ToList())
        {
            Tensors.Remove(name);
            Tensors.Add(rename(name), tensor);
        }
    }

    public byte[] Safetensors(IEnumerable<string> names)
    {
        using var data = new MemoryStream();
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        foreach (var name in names)
        {
            var (shape, values) = Tensors[name];
            var begin = data.Length;
            data.Write(Stored(values));
            header[name] = new JsonObject
            {
                ["dtype"] = Type,
                ["shape"] = new JsonArray([.. shape.Select(length => JsonValue.Create(length))]),
                ["data_offsets"] = new JsonArray(begin, data.Length),
            };
        }

        return Assemble(header.ToJsonString(), data.ToArray());
    }

    public static byte[] Assemble(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }

    private ReadOnlySpan<byte> Stored(float[] values) => Type switch
    {
        "F32" => MemoryMarshal.AsBytes(values.AsSpan()),
        "F16" => MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (Half)value).AsSpan()),
        _ => MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).AsSpan()),
    };

    /// <summary>A `tokenizer.model` with these pieces.</summary>
    public static byte[] SentencePieceModel(SyntheticVocabulary vocabulary, int pieces)
    {
        using var model = new MemoryStream();
        for (var id = 0; id < pieces; id++)
        {
            var text = Encoding.UTF8.GetBytes(vocabulary.Tokens[id]);
            byte[] score = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(score, vocabulary.Scores[id]);
            byte[] piece = [0x0A, (byte)text.Length, .. text, 0x15, .. score, 0x18, (byte)vocabulary.Types[id]];
            model.Write([0x0A, (byte)piece.Length, .. piece]);
        }

        model.Write([0x12, 2, 0x18, 2]); // trainer: model type BPE
        model.Write([0x1A, 2, 0x18, 1]); // normalizer: add a leading space
        return model.ToArray();
    }

    private void AddLanguage()
    {
        Add("language_model.model.embed_tokens.weight", 0.3f, Rows, Width);
        AddNorm("language_model.model.norm.weight", Width);
        Add("language_model.lm_head.weight", 1 / MathF.Sqrt(Width), Rows, Width);
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"language_model.model.layers.{layer}.";
            AddNorm(prefix + "input_layernorm.weight", Width);
            Add(prefix + "self_attn.q_proj.weight", 0.125f, Width, Width);
            Add(prefix + "self_attn.k_proj.weight", 0.125f, KeyValueHeads * HeadSize, Width);
            Add(prefix + "self_attn.v_proj.weight", 0.125f, KeyValueHeads * HeadSize, Width);
            Add(prefix + "self_attn.o_proj.weight", 0.125f, Width, Width);
            AddNorm(prefix + "post_attention_layernorm.weight", Width);
            Add(prefix + "mlp.gate_proj.weight", 0.125f, FeedForward, Width);
            Add(prefix + "mlp.up_proj.weight", 0.125f, FeedForward, Width);
            Add(prefix + "mlp.down_proj.weight", 0.088f, Width, FeedForward);
        }
    }

    private void AddVision()
    {
        const string tower = "vision_tower.vision_model.";
        Add(tower + "embeddings.class_embedding", 0.3f, VisionWidth);
        Add(tower + "embeddings.patch_embedding.weight", 0.04f, VisionWidth, 3, 14, 14);
        Add(tower + "embeddings.position_embedding.weight", 0.3f, 17, VisionWidth);
        AddNorm(tower + "pre_layrnorm.weight", VisionWidth);
        Add(tower + "pre_layrnorm.bias", 0.1f, VisionWidth);
        AddNorm(tower + "post_layernorm.weight", VisionWidth);
        Add(tower + "post_layernorm.bias", 0.1f, VisionWidth);
        for (var layer = 0; layer < VisionLayers; layer++)
        {
            var prefix = $"{tower}encoder.layers.{layer}.";
            foreach (var name in (ReadOnlySpan<string>)["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"])
            {
                AddLinear(prefix + name, VisionWidth, VisionWidth);
            }

            AddLinear(prefix + "mlp.fc1", 64, VisionWidth);
            AddLinear(prefix + "mlp.fc2", VisionWidth, 64);
            foreach (var name in (ReadOnlySpan<string>)["layer_norm1", "layer_norm2"])
            {
                AddNorm($"{prefix}{name}.weight", VisionWidth);
                Add($"{prefix}{name}.bias", 0.1f, VisionWidth);
            }
        }

        AddLinear("multi_modal_projector.linear_1", Width, VisionWidth);
        AddLinear("multi_modal_projector.linear_2", Width, Width);
    }

    private void AddLinear(string name, int outputs, int inputs)
    {
        Add(name + ".weight", 1 / MathF.Sqrt(inputs), outputs, inputs);
        Add(name + ".bias", 0.1f, outputs);
    }

    private void AddNorm(string name, int width) => Tensors.Add(name, ([width], Draw(width, 1, 0.1f)));

    private void Add(string name, float deviation, params int[] shape) =>
        Tensors.Add(name, (shape, Draw(shape.Aggregate(1, (product, length) => product * length), 0, deviation)));

    /// <summary>Numbers that survive all three storage types, so that expected values are exact.</summary>
    private float[] Draw(int count, float mean, float deviation)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(mean + deviation * random.NextGaussian()) & 0xFFFF0000);
            values[i] = Math.Abs(values[i]) < 1e-4f ? 0 : values[i];
        }

        return values;
    }
}
