using LlavaServer.Engine.Cpu;
using LlavaServer.Engine.LLamaSharp.Adapter;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>Adapters (LoRA) of a language model: both engines read the same in them.</summary>
public sealed class LLamaLoraTests : IDisposable
{
    private const int Length = 24;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-lora-");

    [Theory]
    [InlineData("llama", TensorType.F32)]
    [InlineData("qwen2", TensorType.F16)]
    public void Decode_Adapters_AsTheManagedEngine(string architecture, TensorType type)
    {
        var model = PathOf("model");
        RandomLanguageModel.Write(model, LanguageShape.Tiny with { Architecture = architecture }, QuantizationMix.Parse("F32"), seed: 3, pure: true);
        RandomAdapter.Write(PathOf("one"), model, rank: 4, alpha: 8, type: type);
        RandomAdapter.Write(PathOf("two"), model, rank: 6, alpha: 3, seed: 8, type: type);
        foreach (var adapters in new[] { (string[])[PathOf("one")], [PathOf("one"), PathOf("two")] })
        {
            var files = new ModelFiles(model, null) { AdapterPaths = adapters };
            var expected = Logits(new CpuEngineFactory(), files);
            Assert.True(Distance(expected, Logits(new CpuEngineFactory(), new ModelFiles(model, null))) > 0.1);
            Assert.InRange(Distance(expected, Logits(new LLamaEngineFactory(), files)), 0, 0.02 * expected.Max(MathF.Abs));
        }
    }

    [Fact]
    public void Load_AdapterOfAnotherModel_SaysSo()
    {
        RandomLanguageModel.Write(PathOf("model"), LanguageShape.Tiny, QuantizationMix.Parse("F32"));
        RandomLanguageModel.Write(PathOf("other"), LanguageShape.Tiny256, QuantizationMix.Parse("F32"));
        RandomAdapter.Write(PathOf("wide"), PathOf("other"));
        foreach (var (adapter, word) in new[] { ("wide", "wrong base model"), ("other", "general.type"), ("none", "not found") })
        {
            var failure = Assert.Throws<InferenceException>(() => Logits(new LLamaEngineFactory(), new ModelFiles(PathOf("model"), null) { AdapterPaths = [PathOf(adapter)] }));
            Assert.Equal(InferenceError.ModelLoadFailed, failure.Error);
            Assert.Contains(word, failure.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static float Distance(float[] left, float[] right) => left.Zip(right, static (a, b) => MathF.Abs(a - b)).Max();

    private static float[] Logits(IInferenceEngineFactory factory, ModelFiles files)
    {
        using var engine = factory.Load(files, new EngineLoadOptions { SequenceCount = 1, ContextLength = 64, MaxBatchRows = 32 }, null, CancellationToken.None);
        var batch = new Batch(32);
        var last = 0;
        for (var position = 0; position < Length; position++)
        {
            last = batch.AddToken(new SequenceId(0), position, 260 + (position * 37 % 240), position == Length - 1);
        }

        Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
        return engine.Logits(last).ToArray();
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name + ".gguf");
}
