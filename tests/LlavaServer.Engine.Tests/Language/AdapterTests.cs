using LlavaServer.Engine.Cpu;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.Language;

/// <summary>Adapters (LoRA) beside a model's matrices give what the same model has with the adapters merged into them.</summary>
public sealed class AdapterTests : IDisposable
{
    private const int Length = 40;

    private readonly string _folder = Directory.CreateTempSubdirectory("llava-adapters").FullName;

    [Theory]
    [InlineData("llama", 1, 1)]
    [InlineData("llama", 4, 2)]
    [InlineData("qwen2", 17, 2)]
    public void Decode_AdapterOfEveryMatrix_AsMerged(string architecture, int rank, int threads)
    {
        string model = Model(LanguageShape.Tiny with { Architecture = architecture });
        string adapter = Adapter(model, rank, seed: 5);
        string merged = Path.Combine(_folder, "merged.gguf");
        RandomAdapter.Merge(merged, model, adapter);
        float[] expected = Logits(merged, [], threads);
        AssertNear(expected, Logits(model, [adapter], threads));
        Assert.True(Distance(expected, Logits(model, [], threads)) > 0.1, "The adapter changes nothing.");
    }

    [Fact]
    public void Decode_TwoAdapters_AddUp()
    {
        string model = Model(LanguageShape.Tiny);
        string[] adapters = [Adapter(model, 4, seed: 5), Adapter(model, 3, seed: 6, adapts: static name => !name.Contains("attn_k", StringComparison.Ordinal))];
        string merged = Path.Combine(_folder, "merged.gguf");
        RandomAdapter.Merge(merged, model, adapters);
        AssertNear(Logits(merged, [], 2), Logits(model, adapters, 2));
    }

    [Fact]
    public void Decode_HalvesOnAQuantizedModel_AsFloats()
    {
        string model = Model(LanguageShape.Tiny, "Q4_0");
        string halves = Adapter(model, 8, seed: 5, type: TensorType.F16);
        string floats = Adapter(model, 8, seed: 5);
        float[] expected = Logits(model, [floats], 2);
        AssertNear(expected, Logits(model, [halves], 2), 0.05f);
        Assert.True(Distance(expected, Logits(model, [], 2)) > 0.1);
    }

    [Fact]
    public void Decode_PromptInParts_SameBits()
    {
        string model = Model(LanguageShape.Tiny, "Q8_0");
        string adapter = Adapter(model, 5, seed: 5);
        Assert.Equal(Logits(model, [adapter], 2, part: 1), Logits(model, [adapter], 2, part: Length));
        Assert.Equal(Logits(model, [adapter], 1, part: 7), Logits(model, [adapter], 2, part: Length));
    }

    [Fact]
    public void Load_WhatDoesNotFit_RefusedByName()
    {
        string model = Model(LanguageShape.Tiny);
        string other = Model(LanguageShape.Tiny256);
        Refused(model, Adapter(other, 4, seed: 1), "token_embd.weight.lora_b", "another model");
        Refused(model, Adapter(Model(LanguageShape.Tiny with { Layers = 3 }), 4, seed: 1), "blk.2.");
        Refused(model, Adapter(model, 4, seed: 1, change: static writer => writer.SetValue("general.architecture", "qwen2")), "general.architecture", "qwen2", "llama");
        Refused(model, Adapter(model, 4, seed: 1, change: static writer => writer.SetValue("adapter.type", "ia3")), "adapter.type", "ia3");
        Refused(model, Adapter(model, 4, seed: 1, change: static writer => writer.AddUInt32s("adapter.alora.invocation_tokens", [1])), "adapter.alora.invocation_tokens");
        Refused(model, Adapter(model, 4, seed: 1, change: static writer => writer.AddTensor("blk.0.x.weight.lora_a", [4, 4], new float[16])), "blk.0.x.weight", ".lora_b");
        Refused(model, Adapter(model, 4, seed: 1, change: static writer => writer.AddTensor("blk.0.x.weight.lora_b", [4, 4], new float[16])), "blk.0.x.weight", ".lora_a");
        Refused(model, Adapter(model, 4, seed: 1, change: static writer => writer.AddTensor("blk.0.x.weight", [4, 4], new float[16])), "blk.0.x.weight");
        Refused(model, model, "general.type", "model");
        Refused(model, Path.Combine(_folder, "none.gguf"), "not found");
    }

    [Fact]
    public void EstimateMemory_AdaptersCount()
    {
        string model = Model(LanguageShape.Tiny);
        string adapter = Adapter(model, 4, seed: 5);
        var options = new EngineLoadOptions { SequenceCount = 1, MaxBatchRows = 8 };
        IInferenceEngineFactory factory = new CpuEngineFactory();
        Assert.Equal(
            factory.EstimateMemory(new ModelFiles(model, null), options) + (2 * new FileInfo(adapter).Length),
            factory.EstimateMemory(new ModelFiles(model, null) { AdapterPaths = [adapter] }, options));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void AssertNear(float[] expected, float[] actual, float tolerance = 2e-4f) =>
        Assert.True(Distance(expected, actual) < tolerance * expected.Max(MathF.Abs), $"{Distance(expected, actual)} of {expected.Max(MathF.Abs)}");

    private static float Distance(float[] left, float[] right) => left.Zip(right, static (a, b) => MathF.Abs(a - b)).Max();

    private static void Refused(string model, string adapter, params string[] words)
    {
        var exception = Assert.Throws<InferenceException>(() => Open(model, [adapter], 1));
        Assert.Equal(InferenceError.ModelLoadFailed, exception.Error);
        Assert.All(words, word => Assert.Contains(word, exception.Message, StringComparison.Ordinal));
    }

    private static float[] Logits(string model, string[] adapters, int threads, int part = 16)
    {
        using IInferenceEngine engine = Open(model, adapters, threads);
        var batch = new Batch(64);
        int last = 0;
        for (int start = 0; start < Length; start += part)
        {
            batch.Clear();
            for (int position = start; position < Math.Min(start + part, Length); position++)
            {
                last = batch.AddToken(new SequenceId(0), position, 260 + (position * 37 % 240), position == Length - 1);
            }

            Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
        }

        return engine.Logits(last).ToArray();
    }

    private static IInferenceEngine Open(string model, string[] adapters, int threads) => new CpuEngineFactory().Load(
        new ModelFiles(model, null) { AdapterPaths = adapters },
        new EngineLoadOptions { SequenceCount = 1, ContextLength = 64, MaxBatchRows = 64, Threads = threads },
        null,
        CancellationToken.None);

    private string Model(LanguageShape shape, string mix = "F32")
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():n}.gguf");
        RandomLanguageModel.Write(path, shape, QuantizationMix.Parse(mix), seed: 3, pure: true);
        return path;
    }

    private string Adapter(string model, int rank, int seed, TensorType type = TensorType.F32, Action<GgufWriter>? change = null, Func<string, bool>? adapts = null)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():n}.gguf");
        RandomAdapter.Write(path, model, rank, seed: seed, type: type, change: change, adapts: adapts);
        return path;
    }
}
