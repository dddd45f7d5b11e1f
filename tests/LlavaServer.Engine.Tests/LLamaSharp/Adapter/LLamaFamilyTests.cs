using LLama;
using LLama.Common;
using LLama.Native;
using LlavaServer.Engine.LLamaSharp.Adapter;
using LlavaServer.Engine.Tests.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>A family that the managed engine does not know, which puts texts around a picture: rows as llama.cpp's own evaluation has them.</summary>
public sealed class LLamaFamilyTests : IDisposable
{
    private const string Marker = "<picture>";
    private static readonly LanguageShape s_language = new("family", 2, 256, 4, 2, 512, 512);
    private static readonly VisionShape s_vision = VisionShape.Tiny256 with { Projector = VisionShape.InternVL };
    private static readonly int[] s_before = [1, 300, 301];
    private const int After = 302;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-family-");

    [Fact]
    public void Decode_InternVL_LogitsOfLlamaCppsOwnEvaluation()
    {
        var files = new ModelFiles(Path.Combine(_folder.FullName, "model.gguf"), Path.Combine(_folder.FullName, "mmproj.gguf"));
        RandomLanguageModel.Write(files.ModelPath, s_language, QuantizationMix.Parse("F16"));
        RandomVisionModel.Write(files.MmprojPath!, s_vision, QuantizationMix.Parse("F16"));
        var picture = TestImages.Waves(s_vision.ImageSize, s_vision.ImageSize);
        using var engine = new LLamaEngineFactory().Load(
            files, new EngineLoadOptions { SequenceCount = 1, ContextLength = 256, Threads = 2 }, null, TestContext.Current.CancellationToken);
        Assert.Equal(VisionShape.InternVL, engine.Info.Vision!.ProjectorType);

        // More than the picture's own rows: the texts "<img>" and "</img>".
        Assert.InRange(engine.Info.Vision.RowsPerImage, (s_vision.Patches / 4) + 2, (s_vision.Patches / 4) + 16);
        var image = engine.Vision!.Encode(picture, new ComputeTurns(TimeProvider.System), TestContext.Current.CancellationToken);
        var batch = new Batch(engine.Info.MaxBatchRows);
        var position = 0;
        Array.ForEach(s_before, token => batch.AddToken(new SequenceId(0), position++, token, false));
        for (var row = 0; row < image.RowCount; row++)
        {
            batch.AddImageRow(new SequenceId(0), position++, image, row, false);
        }

        var last = batch.AddToken(new SequenceId(0), position, After, true);
        Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
        var actual = engine.Logits(last).ToArray();
        var expected = Evaluate(files, picture.Pixels);
        var worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst < 0.02f, $"logits differ by {worst}");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static float[] Evaluate(ModelFiles files, ReadOnlySpan<byte> pixels)
    {
        var parameters = new ModelParams(files.ModelPath) { ContextSize = 256, GpuLayerCount = 0, Threads = 2, BatchThreads = 2 };
        using var weights = LLamaWeights.LoadFromFile(parameters);
        using var context = weights.CreateContext(parameters);
        var vision = MtmdContextParams.Default();
        vision.UseGpu = false;
        vision.MediaMarker = Marker;
        using var mtmd = MtmdWeights.LoadFromFile(files.MmprojPath!, weights, vision);
        var batch = new LLamaBatch();
        for (var i = 0; i < s_before.Length; i++)
        {
            batch.Add(s_before[i], i, LLamaSeqId.Zero, false);
        }

        Assert.Equal(DecodeResult.Ok, context.NativeHandle.Decode(batch));
        using var bitmap = SafeMtmdEmbed.FromRgbBytes((uint)s_vision.ImageSize, (uint)s_vision.ImageSize, pixels)!;
        Assert.Equal(0, mtmd.Tokenize(Marker, false, true, [bitmap], out var chunks));
        var past = s_before.Length;
        using (chunks)
        {
            Assert.Equal(0, mtmd.EvaluateChunks(chunks!, context.NativeHandle, ref past, 0, (int)context.BatchSize, false));
        }

        batch.Clear();
        batch.Add(After, past, LLamaSeqId.Zero, true);
        Assert.Equal(DecodeResult.Ok, context.NativeHandle.Decode(batch));
        return context.NativeHandle.GetLogitsIth(0).ToArray();
    }
}
