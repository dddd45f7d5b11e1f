using LlavaServer.Models.Gguf;
using LlavaServer.Models.Import;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Import;

/// <summary>Adapters (LoRA) in PEFT's form: which are understood, and what is said of others. That they compute right is seen where they are served.</summary>
public sealed class AdapterImporterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-peft-");

    [Theory]
    [InlineData(false, 16f)]
    [InlineData(true, 32f)]
    public void Prepare_Adapter_PairsByTheNamesOfTheModelsMatrices(bool isStabilized, float alpha)
    {
        var adapter = new PeftAdapter(rank: 4, alpha: 16);
        adapter.Config["use_rslora"] = isStabilized;
        Import(adapter, Model());
        using var file = GgufFile.Open(PathOf("adapter.gguf"));
        Assert.Equal(("adapter", "llama", "lora", alpha), (file.Metadata.GetString("general.type"), file.Metadata.GetString("general.architecture"), file.Metadata.GetString("adapter.type"), file.Metadata.GetFloat32("adapter.lora.alpha")));
        Assert.Equal(adapter.Tensors.Count, file.Tensors.Count);
        Assert.Equal([64L, 4], file.GetTensor("blk.1.attn_k.weight.lora_a").Shape.ToArray());
        Assert.Equal([4L, 32], file.GetTensor("blk.1.attn_k.weight.lora_b").Shape.ToArray());
        Assert.Equal([4L, 512], file.GetTensor("output.weight.lora_b").Shape.ToArray());
    }

    [Fact]
    public void Prepare_WhatIsNotUnderstood_RefusedByName()
    {
        Refused("'peft_type' must be LORA", static adapter => adapter.Config["peft_type"] = "IA3");
        Refused("'use_dora' must be false", static adapter => adapter.Config["use_dora"] = true);
        Refused("'fan_in_fan_out' must be false", static adapter => adapter.Config["fan_in_fan_out"] = true);
        Refused("'alpha_pattern' must be empty", static adapter => adapter.Config["alpha_pattern"] = new System.Text.Json.Nodes.JsonObject { ["q_proj"] = 3 });
        Refused("'lora_alpha' must be a number", static adapter => adapter.Config["lora_alpha"] = "much");
        Refused("embed_tokens", static adapter => adapter.Tensors.Add("base_model.model.language_model.model.embed_tokens.lora_embedding_A", ([4, 512], new float[2048])));
        Refused("vision_tower", static adapter => adapter.Tensors.Add("base_model.model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", ([4, 32], new float[128])));
        Refused("layers.7.", static adapter => adapter.Tensors.Add("base_model.model.language_model.model.layers.7.self_attn.q_proj.lora_A.weight", ([4, 64], new float[256])));
        Refused("q_proj.lora_B.weight': is missing", static adapter => adapter.Tensors.Remove("base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_B.weight"));
        Refused("asks for floats of [64, 4]", static adapter => adapter.Tensors["base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_B.weight"] = ([128, 4], new float[512]));
        Refused("q_proj.lora_A.weight': is F32 [256]", static adapter => adapter.Tensors["base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight"] = ([256], new float[256]));
        Refused("no lora_A and lora_B", static adapter => adapter.Tensors.Clear());
    }

    [Fact]
    public void Prepare_ModelOfAnotherArchitecture_RefusedByName()
    {
        var model = Model();
        using (var file = GgufFile.Open(model))
        {
            var writer = new GgufWriter();
            writer.CopyMetadata(file.Metadata);
            writer.SetValue("general.architecture", "phi3");
            writer.AddTensor("x", [1], new float[1]);
            writer.Write(PathOf("phi.gguf"));
        }

        Assert.Contains("phi3", Assert.Throws<ImportException>(() => Import(new PeftAdapter(4, 8), PathOf("phi.gguf"))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Refused(string words, Action<PeftAdapter> change)
    {
        var adapter = new PeftAdapter(rank: 4, alpha: 8);
        change(adapter);
        Assert.Contains(words, Assert.Throws<ImportException>(() => Import(adapter, Model())).Message, StringComparison.Ordinal);
    }

    private void Import(PeftAdapter adapter, string model)
    {
        adapter.Write(PathOf("peft"));
        using var source = GgufSource.Open(model);
        using var imported = AdapterImporter.Prepare(CheckpointFiles.Of(PathOf("peft")), source, advanced: null, CancellationToken.None);
        imported.Language.Write(PathOf("adapter.gguf"));
    }

    private string Model()
    {
        if (!File.Exists(PathOf("model.gguf")))
        {
            new TinyCheckpoint().Write(PathOf("base"));
            HuggingFaceImporter.Import(PathOf("base"), PathOf("model.gguf"), PathOf("mmproj.gguf"), TensorType.F32, "tiny", CancellationToken.None);
        }

        return PathOf("model.gguf");
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
