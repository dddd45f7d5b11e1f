using System.Text.Json.Nodes;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Tests.Gguf;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Import;

public sealed class HuggingFaceImporterTests
{
    [Theory]
    [InlineData("F32", TensorType.F32, false)]
    [InlineData("F16", TensorType.F16, false)]
    [InlineData("BF16", TensorType.BF16, true)]
    [InlineData("BF16", TensorType.F16, true)]
    public void Import_TinyCheckpoint_EveryWeightArrives(string stored, TensorType type, bool sharded)
    {
        var checkpoint = new TinyCheckpoint { Type = stored, Sharded = sharded };
        using var import = new Imported(checkpoint, type);

        var mapped = 0;
        foreach (var (target, source, file) in Names(import))
        {
            var tensor = file.GetTensor(target);
            var (shape, values) = checkpoint.Tensors[source];
            Assert.Equal(shape.Reverse().Select(length => (long)length), tensor.Shape.ToArray());
            Assert.Equal(Permute(target, values), Floats(tensor));
            var isMatrix = shape.Length > 1 && !target.Contains("position_embd", StringComparison.Ordinal);
            Assert.Equal(!isMatrix ? TensorType.F32 : target.StartsWith("v.patch", StringComparison.Ordinal) && type != TensorType.F32 ? TensorType.F16 : type, tensor.Type);
            mapped++;
        }

        Assert.Equal(import.Model.Tensors.Count + import.Projector.Tensors.Count, mapped);
    }

    [Fact]
    public void Import_SeveralChatTemplates_UsualAndTheOneForTools()
    {
        var checkpoint = new TinyCheckpoint();
        checkpoint.TokenizerConfig["chat_template"] = JsonNode.Parse("""[{"name":"tool_use","template":"with tools"},{"name":"rag","template":"other"},{"name":"default","template":"usual"}]""");
        using var import = new Imported(checkpoint, TensorType.F16, "the-name");
        Assert.Equal("usual", import.Model.Metadata.GetString("tokenizer.chat_template"));
        Assert.Equal("with tools", import.Model.Metadata.GetString("tokenizer.chat_template.tool_use"));
    }

    [Fact]
    public void Import_TinyCheckpoint_MetadataOfBothFiles()
    {
        using var import = new Imported(new TinyCheckpoint(), TensorType.F16, "the-name");
        var (model, vision) = (import.Model.Metadata, import.Projector.Metadata);

        Assert.Equal("llama", model.GetString("general.architecture"));
        Assert.Equal("the-name", model.GetString("general.name"));
        Assert.Equal(1u, model.GetUInt32("general.file_type"));
        Assert.Equal(2u, model.GetUInt32("llama.block_count"));
        Assert.Equal(4u, model.GetUInt32("llama.attention.head_count"));
        Assert.Equal(2u, model.GetUInt32("llama.attention.head_count_kv"));
        Assert.Equal(16u, model.GetUInt32("llama.rope.dimension_count"));
        Assert.Equal(1e-5f, model.GetFloat32("llama.attention.layer_norm_rms_epsilon"));
        Assert.StartsWith("{{ 'USER: '", model.GetString("tokenizer.chat_template"), StringComparison.Ordinal);

        var checkpoint = new TinyCheckpoint();
        var tokens = model.GetStrings("tokenizer.ggml.tokens");
        var types = model.GetInt32s("tokenizer.ggml.token_type");
        Assert.Equal(checkpoint.Vocabulary.Tokens, tokens[..500]);
        Assert.Equal(checkpoint.Vocabulary.Types, types[..500]);
        Assert.Equal(checkpoint.Vocabulary.Scores, model.GetFloat32s("tokenizer.ggml.scores")[..500]);
        Assert.Equal(["<image>", "<pad>", "[PAD502]"], tokens[500..503]);
        Assert.Equal([3, 3, 5], types[500..503]);
        Assert.Equal(512, tokens.Length);
        Assert.Equal((1u, 2u, 0u, 501u), (
            model.GetUInt32("tokenizer.ggml.bos_token_id"), model.GetUInt32("tokenizer.ggml.eos_token_id"),
            model.GetUInt32("tokenizer.ggml.unknown_token_id"), model.GetUInt32("tokenizer.ggml.padding_token_id")));

        Assert.Equal("clip", vision.GetString("general.architecture"));
        Assert.Equal("mlp", vision.GetString("clip.projector_type"));
        Assert.Equal([2], vision.GetInt32s("clip.vision.feature_layer"));
        Assert.Equal(2u, vision.GetUInt32("clip.vision.block_count"));
        Assert.False(vision.GetBoolean("clip.use_gelu"));
        Assert.Equal([0.48145466f, 0.4578275f, 0.40821073f], vision.GetFloat32s("clip.vision.image_mean"));
        Assert.False(import.Projector.TryGetTensor("v.post_ln.weight", out _));
        Assert.False(import.Projector.TryGetTensor("v.blk.2.ln1.weight", out _));
    }

    [Theory]
    [InlineData(-2, 23)]
    [InlineData(-1, 24)]
    [InlineData(5, 5)]
    public void FeatureLayers_OfA24BlockTower_CountBlocks(int setting, int expected)
    {
        var config = JsonFile.Parse("config.json", System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"vision_feature_layer": {{{setting}}}, "vision_config": {"num_hidden_layers": 24}}"""));

        var vision = VisionConfig.Read(config, null);

        Assert.Equal([expected], vision.FeatureLayers);
        Assert.Equal(expected, vision.Blocks);
    }

    [Fact]
    public void Import_NewerAndAuthorsNames_SameFiles()
    {
        using var folder = new TemporaryFolder();
        byte[] Run(string name, Func<string, string> rename)
        {
            var checkpoint = new TinyCheckpoint();
            checkpoint.Rename(rename);
            checkpoint.Write(folder.File(name));
            HuggingFaceImporter.Import(folder.File(name), folder.File(name + ".gguf"), folder.File(name + "-mmproj.gguf"), TensorType.F16, "same", TestContext.Current.CancellationToken);
            return [.. File.ReadAllBytes(folder.File(name + ".gguf")), .. File.ReadAllBytes(folder.File(name + "-mmproj.gguf"))];
        }

        var old = Run("old", name => name);
        var newer = Run("newer", name => name.Replace("language_model.model.", "model.language_model.", StringComparison.Ordinal)
            .Replace("language_model.lm_head", "lm_head", StringComparison.Ordinal)
            .Replace("vision_tower.", "model.vision_tower.", StringComparison.Ordinal)
            .Replace("multi_modal_projector", "model.multi_modal_projector", StringComparison.Ordinal));
        var authors = Run("authors", name => name.Replace("language_model.", string.Empty, StringComparison.Ordinal)
            .Replace("vision_tower.", "model.vision_tower.vision_tower.", StringComparison.Ordinal)
            .Replace("multi_modal_projector.linear_1", "model.mm_projector.0", StringComparison.Ordinal)
            .Replace("multi_modal_projector.linear_2", "model.mm_projector.2", StringComparison.Ordinal));

        Assert.Equal(old, newer);
        Assert.Equal(old, authors);
    }

    [Fact]
    public void Import_Q8_0_MatricesQuantizedAndProjectorHalf()
    {
        var checkpoint = new TinyCheckpoint();
        using var import = new Imported(checkpoint, TensorType.Q8_0);

        Assert.Equal(TensorType.Q8_0, import.Model.GetTensor("blk.1.ffn_down.weight").Type);
        Assert.Equal(TensorType.F32, import.Model.GetTensor("blk.1.ffn_norm.weight").Type);
        Assert.Equal(TensorType.F16, import.Projector.GetTensor("mm.2.weight").Type);
        var expected = checkpoint.Tensors["language_model.model.layers.1.mlp.down_proj.weight"].Values;
        var actual = Floats(import.Model.GetTensor("blk.1.ffn_down.weight"));
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -0.003f, 0.003f));
    }

    [Fact]
    public void Import_TokenizerJsonOnly_ScoresFollowMerges()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = new TinyCheckpoint();
        checkpoint.Write(folder.File("in"));
        File.Delete(Path.Combine(folder.File("in"), "tokenizer.model"));
        string[] texts = ["<unk>", "<s>", "</s>", "<0x0A>", "a", "b", "c", "ab", "bc", "abc"];
        var vocabulary = new JsonObject(texts.Select((text, id) => KeyValuePair.Create(text, (JsonNode?)JsonValue.Create(id))));
        var json = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["byte_fallback"] = true,
                ["unk_token"] = "<unk>",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray("b c", "a bc", "a b"),
            },
            ["added_tokens"] = new JsonArray(
                new JsonObject { ["id"] = 1, ["content"] = "<s>", ["special"] = true }, new JsonObject { ["id"] = 2, ["content"] = "</s>", ["special"] = true }),
        };
        File.WriteAllText(Path.Combine(folder.File("in"), "tokenizer.json"), json.ToJsonString());

        HuggingFaceImporter.Import(folder.File("in"), folder.File("m.gguf"), folder.File("p.gguf"), TensorType.F16, cancellationToken: TestContext.Current.CancellationToken);

        using var model = GgufFile.Open(folder.File("m.gguf"));
        var scores = model.Metadata.GetFloat32s("tokenizer.ggml.scores");
        Assert.Equal("llama", model.Metadata.GetString("tokenizer.ggml.model"));
        Assert.Equal(texts, model.Metadata.GetStrings("tokenizer.ggml.tokens")[..10]);
        Assert.Equal([2, 3, 3, 6, 1], model.Metadata.GetInt32s("tokenizer.ggml.token_type")[..5]);
        Assert.Equal([-2f, 0f, -1f], scores[7..10]);
        Assert.True(scores[4] < -2);
    }

    private static IEnumerable<(string Target, string Source, GgufFile File)> Names(Imported import)
    {
        yield return ("token_embd.weight", "language_model.model.embed_tokens.weight", import.Model);
        yield return ("output_norm.weight", "language_model.model.norm.weight", import.Model);
        yield return ("output.weight", "language_model.lm_head.weight", import.Model);
        (string, string)[] layerNames =
        [
            ("attn_norm", "input_layernorm"), ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"),
            ("attn_output", "self_attn.o_proj"), ("ffn_norm", "post_attention_layernorm"), ("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"),
            ("ffn_down", "mlp.down_proj"),
        ];
        for (var layer = 0; layer < 2; layer++)
        {
            foreach (var (target, source) in layerNames)
            {
                yield return ($"blk.{layer}.{target}.weight", $"language_model.model.layers.{layer}.{source}.weight", import.Model);
            }
        }

        const string tower = "vision_tower.vision_model.";
        yield return ("v.class_embd", tower + "embeddings.class_embedding", import.Projector);
        yield return ("v.patch_embd.weight", tower + "embeddings.patch_embedding.weight", import.Projector);
        yield return ("v.position_embd.weight", tower + "embeddings.position_embedding.weight", import.Projector);
        (string, string)[] blockNames =
        [
            ("ln1", "layer_norm1"), ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"),
            ("attn_out", "self_attn.out_proj"), ("ln2", "layer_norm2"), ("ffn_up", "mlp.fc1"), ("ffn_down", "mlp.fc2"),
        ];
        foreach (var part in (string[])["weight", "bias"])
        {
            yield return ($"v.pre_ln.{part}", $"{tower}pre_layrnorm.{part}", import.Projector);
            yield return ($"mm.0.{part}", $"multi_modal_projector.linear_1.{part}", import.Projector);
            yield return ($"mm.2.{part}", $"multi_modal_projector.linear_2.{part}", import.Projector);
            for (var block = 0; block < 2; block++)
            {
                foreach (var (target, source) in blockNames)
                {
                    yield return ($"v.blk.{block}.{target}.{part}", $"{tower}encoder.layers.{block}.{source}.{part}", import.Projector);
                }
            }
        }
    }

    /// <summary>What transformers' rotate-half pairs, i and i + half, become neighbours: row 2i + j of a head is row j·half + i of the checkpoint.</summary>
    private static float[] Permute(string target, float[] values)
    {
        if (!target.EndsWith("attn_q.weight", StringComparison.Ordinal) && !target.EndsWith("attn_k.weight", StringComparison.Ordinal)
            || target.StartsWith('v'))
        {
            return values;
        }

        const int head = TinyCheckpoint.HeadSize;
        var rows = values.Chunk(TinyCheckpoint.Width).ToArray();
        var result = new List<float>();
        for (var start = 0; start < rows.Length; start += head)
        {
            for (var pair = 0; pair < head / 2; pair++)
            {
                result.AddRange(rows[start + pair]);
                result.AddRange(rows[start + head / 2 + pair]);
            }
        }

        return [.. result];
    }

    private static float[] Floats(GgufTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        Dequantizer.ToFloat(tensor.Type, tensor.Address, values);
        return values;
    }

    private sealed class Imported : IDisposable
    {
        private readonly TemporaryFolder folder = new();

        public Imported(TinyCheckpoint checkpoint, TensorType type, string? name = null)
        {
            checkpoint.Write(folder.File("checkpoint"));
            HuggingFaceImporter.Import(folder.File("checkpoint"), folder.File("model.gguf"), folder.File("mmproj.gguf"), type, name, TestContext.Current.CancellationToken);
            Model = GgufFile.Open(folder.File("model.gguf"));
            Projector = GgufFile.Open(folder.File("mmproj.gguf"));
        }

        public GgufFile Model { get; }

        public GgufFile Projector { get; }

        public void Dispose()
        {
            Model.Dispose();
            Projector.Dispose();
            folder.Dispose();
        }
    }
}
