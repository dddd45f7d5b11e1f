using System.Text;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Models.Tests.Gguf;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Import;

public sealed class HostileCheckpointTests
{
    [Theory]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", null)]
    [InlineData("""{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "another number of bytes")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "not inside")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "hole")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "behind the last")]
    [InlineData("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "not inside")]
    [InlineData("""{"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "must have")]
    [InlineData("""{"t":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}""", "another number")]
    [InlineData("""{"t":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "dtype")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "occurs twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlaps")]
    [InlineData("""{"t":{"shape":[2],"data_offsets":[0,8]}}""", "must have")]
    [InlineData("""{"t":5}""", "must have")]
    [InlineData("""[1]""", "JSON object")]
    [InlineData("""{"t":""", "not valid JSON")]
    [InlineData("""{"\ud800":5}""", "surrogate")]
    public void GGUF12_SafetensorsHeader_RefusedByRule(string header, string? reason)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("m.safetensors"), TinyCheckpoint.Assemble(header, new byte[8]));

        if (reason is null)
        {
            using var file = SafetensorsFile.Open(folder.File("m.safetensors"), "m.safetensors");
            Assert.Equal(2, file.Tensors.Single().ElementCount);
            return;
        }

        Assert.Contains(reason, Assert.Throws<ImportException>(() => SafetensorsFile.Open(folder.File("m.safetensors"), "m.safetensors")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GGUF12_SafetensorsHeaderLengths_RefusedBeforeAllocation()
    {
        using var folder = new TemporaryFolder();
        foreach (var length in (ulong[])[3, 9, 1 << 20, int.MaxValue, 1UL << 40, 1UL << 63, ulong.MaxValue])
        {
            File.WriteAllBytes(folder.File("m.safetensors"), [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}']);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<ImportException>(() => SafetensorsFile.Open(folder.File("m.safetensors"), "m.safetensors"));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 18);
        }
    }

    [Fact]
    public void GGUF12_DamagedCheckpoints_OnlyImportException()
    {
        using var folder = new TemporaryFolder();
        var checkpoint = folder.File("checkpoint");
        new TinyCheckpoint().Write(checkpoint);
        var random = new RandomSource(9);
        var refused = 0;
        foreach (var name in (string[])["config.json", "tokenizer_config.json", "tokenizer.model", "model.safetensors"])
        {
            var path = Path.Combine(checkpoint, name);
            var whole = File.ReadAllBytes(path);
            for (var round = 0; round < 30; round++)
            {
                var damaged = whole[..(round % 4 == 0 ? random.Next(whole.Length) : whole.Length)];
                for (var change = 0; change < 3 && damaged.Length > 0; change++)
                {
                    damaged[random.Next(Math.Min(damaged.Length, 5_000))] = (byte)random.Next();
                }

                File.WriteAllBytes(path, damaged);
                try
                {
                    HuggingFaceImporter.Import(checkpoint, folder.File("m.gguf"), folder.File("p.gguf"), TensorType.F16, "name", TestContext.Current.CancellationToken);
                }
                catch (ImportException error)
                {
                    refused++;
                    Assert.DoesNotContain('\n', error.Message);
                }
            }

            File.WriteAllBytes(path, whole);
        }

        Assert.InRange(refused, 30, 120);
        Assert.DoesNotContain(Directory.GetFiles(folder.Path), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/model.safetensors")]
    [InlineData("model.bin")]
    public void GGUF12_IndexThatLeavesTheFolder_Refused(string name)
    {
        using var folder = new TemporaryFolder();
        new TinyCheckpoint().Write(folder.File("in"));
        File.WriteAllText(Path.Combine(folder.File("in"), "model.safetensors.index.json"), $$"""{"weight_map": {"t": "{{name}}"} }""");

        AssertRefused(folder, "weight_map");
    }

    [Fact]
    public void Import_CheckpointsOfOtherKinds_RefusedByName()
    {
        AssertRefused("LlavaNextForConditionalGeneration", checkpoint => checkpoint.Config["architectures"]![0] = "LlavaNextForConditionalGeneration");
        AssertRefused("LLaVA-1.6", checkpoint => checkpoint.Config["image_grid_pinpoints"] = new System.Text.Json.Nodes.JsonArray());
        AssertRefused("model_type", checkpoint => checkpoint.Config["text_config"]!["model_type"] = "gemma");
        AssertRefused("vision_feature_select_strategy", checkpoint => checkpoint.Config["vision_feature_select_strategy"] = "full");
        AssertRefused("projector", checkpoint => checkpoint.Config["projector_hidden_act"] = "relu");
        AssertRefused("hidden_act", checkpoint => checkpoint.Config["vision_config"]!["hidden_act"] = "tanh");
        AssertRefused("vision_feature_layer", checkpoint => checkpoint.Config["vision_feature_layer"] = 9);
        AssertRefused("num_attention_heads", checkpoint => checkpoint.Config["text_config"]!["num_attention_heads"] = 0);
        AssertRefused("the configuration asks for", checkpoint => checkpoint.Config["text_config"]!["intermediate_size"] = 100);
        AssertRefused("is missing", checkpoint => checkpoint.Tensors.Remove("language_model.model.layers.1.mlp.up_proj.weight"));
        AssertRefused("has no place", checkpoint => checkpoint.Tensors.Add("language_model.model.layers.1.extra.weight", ([1], [1])));
        AssertRefused("not finite", checkpoint => checkpoint.Tensors["language_model.model.norm.weight"].Values[3] = float.NaN);
        AssertRefused("too large for F16", checkpoint => checkpoint.Tensors["language_model.lm_head.weight"].Values[3] = 1e6f);
    }

    private static void AssertRefused(string reason, Action<TinyCheckpoint> change)
    {
        using var folder = new TemporaryFolder();
        var checkpoint = new TinyCheckpoint();
        change(checkpoint);
        checkpoint.Write(folder.File("in"));
        AssertRefused(folder, reason);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    private static void AssertRefused(TemporaryFolder folder, string reason)
    {
        var error = Assert.Throws<ImportException>(() => HuggingFaceImporter.Import(
            folder.File("in"), folder.File("m.gguf"), folder.File("p.gguf"), TensorType.F16, "name", TestContext.Current.CancellationToken));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Message, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(error.Message)));
    }
}
