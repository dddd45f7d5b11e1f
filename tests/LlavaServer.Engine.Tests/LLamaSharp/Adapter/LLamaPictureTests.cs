using System.Text.Json;
using LlavaServer.Engine.Cpu;
using LlavaServer.Engine.LLamaSharp.Adapter;
using LlavaServer.Engine.Tests.Parity;
using LlavaServer.Engine.Tests.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>The bundled model by llama.cpp against the managed engine, which reproduces the tower of the same llama.cpp.</summary>
public sealed class LLamaPictureTests
{
    private static readonly ModelFiles s_files = new(PictureQuestions.ModelPath, PictureQuestions.MmprojPath);
    private static readonly EngineLoadOptions s_options = new() { SequenceCount = 1, ContextLength = 512, Threads = 2, VisionProfile = VisionProfile.LlamaCppL28 };

    [Fact]
    public void GreedyAnswers_BundledModel_EqualTheManagedEngine()
    {
        using var managed = new CpuEngineFactory().Load(s_files, s_options, null, TestContext.Current.CancellationToken);
        using var native = new LLamaEngineFactory().Load(s_files, s_options, null, TestContext.Current.CancellationToken);
        using var file = GgufFile.Open(PictureQuestions.ModelPath);
        var tokenizer = TokenizerFactory.Create(file.Metadata);
        List<string> wrong = [], nearTies = [];
        foreach (var line in File.ReadLines(Path.Combine(PictureQuestions.Folder, "golden-F16.jsonl")).Skip(1))
        {
            using var item = JsonDocument.Parse(line);
            var question = item.RootElement.GetProperty("question").GetString()!;
            var name = item.RootElement.GetProperty("picture").GetString()!;
            var picture = PictureQuestions.Picture(name);
            var (expected, _) = PictureQuestions.Answer(managed, tokenizer, question, picture, []);
            var (actual, gap) = PictureQuestions.Answer(native, tokenizer, question, picture, [.. expected]);
            if (!expected.SequenceEqual(actual))
            {
                (gap < PictureQuestions.NearTie ? nearTies : wrong).Add($"{name} {question}: logits {gap:F3} apart");
            }
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
        Assert.True(nearTies.Count <= 1, string.Join(Environment.NewLine, nearTies));
    }

    [Fact]
    public void Encode_Picture_SameRowsAsTheManagedTower()
    {
        using var managed = new CpuEngineFactory().Load(s_files, s_options, null, TestContext.Current.CancellationToken);
        using var native = new LLamaEngineFactory().Load(s_files, s_options, null, TestContext.Current.CancellationToken);
        Assert.Equal(managed.Info.Vision, native.Info.Vision);
        Assert.Equal(managed.Info.ParameterCount, native.Info.ParameterCount);
        foreach (var picture in new[] { TestImages.Waves(224, 224), TestImages.Waves(300, 90), TestImages.Waves(1, 1) })
        {
            var turns = new ComputeTurns(TimeProvider.System);
            var expected = managed.Vision!.Encode(picture, turns, TestContext.Current.CancellationToken).Values;
            var actual = native.Vision!.Encode(picture, turns, TestContext.Current.CancellationToken).Values;
            Assert.Equal(expected.Length, actual.Length);
            var worst = 0f;
            for (var i = 0; i < expected.Length; i++)
            {
                worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
            }

            Assert.True(worst < 0.03f, $"{picture.Width} x {picture.Height}: rows differ by {worst}");
        }
    }
}
