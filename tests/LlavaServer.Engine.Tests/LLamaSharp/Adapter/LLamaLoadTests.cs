using LlavaServer.Engine.LLamaSharp.Adapter;
using LlavaServer.Engine.Tests.Parity;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>Files and settings that llama.cpp cannot load: one line that says why, and the process lives.</summary>
public sealed class LLamaLoadTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-load-");

    [Fact]
    public void Load_FileMissing_SaysSo() => Assert.Equal("model file not found", Refused(new ModelFiles(Path.Combine(_folder.FullName, "no.gguf"), null)).Message);

    [Fact]
    public void Load_FileCut_NamesTheTrouble()
    {
        var path = Path.Combine(_folder.FullName, "cut.gguf");
        File.WriteAllBytes(path, File.ReadAllBytes(PictureQuestions.ModelPath)[..200_000]);
        Assert.NotEmpty(Refused(new ModelFiles(path, null)).Message);
    }

    [Fact]
    public void Load_FilesSwapped_NamesTheTrouble() =>
        Assert.Contains("clip", Refused(new ModelFiles(PictureQuestions.MmprojPath, PictureQuestions.ModelPath)).Message, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Load_VisionOfAnotherWidth_NamesTheTrouble()
    {
        var path = Path.Combine(_folder.FullName, "model.gguf");
        RandomLanguageModel.Write(path, LanguageShape.Tiny, QuantizationMix.Parse("F32"));
        Assert.Contains("n_embd", Refused(new ModelFiles(path, PictureQuestions.MmprojPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MoreSequencesThanLlamaCppHas_NamesTheSettings() => Assert.Contains(
        "Engine:Slots", Refused(new ModelFiles(PictureQuestions.ModelPath, null), new EngineLoadOptions { SequenceCount = 257 }).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_GpuLayersWithoutGpu_SaysWhatIsMissing()
    {
        Assert.SkipWhen(LLamaEngineFactory.Look().Gpus.Count > 0, "This machine has a graphics card.");
        var message = Refused(new ModelFiles(PictureQuestions.ModelPath, null), new EngineLoadOptions { GpuLayers = 3 }).Message;
        Assert.StartsWith("Engine:GpuLayers asks for 3 layers on a graphics card, but ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_QuantizedValuesWithoutFlashAttention_SaysSo() => Assert.NotEmpty(Refused(
        new ModelFiles(PictureQuestions.ModelPath, null), new EngineLoadOptions { KVCacheType = "q8_0", FlashAttention = false }).Message);

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    [InlineData("q8_0")]
    [InlineData("q4_0")]
    public void Load_TypeOfKeysAndValues_Decodes(string type)
    {
        var options = new EngineLoadOptions { SequenceCount = 1, ContextLength = 256, Threads = 2, KVCacheType = type };
        using var engine = new LLamaEngineFactory().Load(new ModelFiles(PictureQuestions.ModelPath, null), options, null, TestContext.Current.CancellationToken);
        var batch = new Batch(1);
        batch.AddToken(new SequenceId(0), 0, 1, wantsLogits: true);
        Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
        Assert.Equal(engine.Info.VocabularySize, engine.Logits(0).Length);
    }

    [Fact]
    public void Load_Progress_GoesUpToOne()
    {
        var seen = new List<double>();
        using var engine = new LLamaEngineFactory().Load(
            new ModelFiles(PictureQuestions.ModelPath, null), new EngineLoadOptions { ContextLength = 64 }, new Recorder(seen), TestContext.Current.CancellationToken);
        Assert.Equal(1, seen[^1]);
        Assert.Equal(seen.Order(), seen);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static InferenceException Refused(ModelFiles files, EngineLoadOptions? options = null)
    {
        var exception = Assert.Throws<InferenceException>(() => new LLamaEngineFactory().Load(files, options ?? new EngineLoadOptions(), null, CancellationToken.None));
        Assert.Equal(InferenceError.ModelLoadFailed, exception.Error);
        Assert.DoesNotContain('\n', exception.Message);
        return exception;
    }

    private sealed class Recorder(List<double> seen) : IProgress<double>
    {
        public void Report(double value) => seen.Add(value);
    }
}
