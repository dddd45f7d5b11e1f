using System.Security.Cryptography;
using System.Text.Json;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Tokenization;
using SkiaSharp;

namespace LlavaServer.Engine.Tests.Parity;

/// <summary>
/// The bundled model's greedy answers, token by token, against those of llama-server on the same files. commands.txt beside the golden files has the
/// commands that made them.
/// </summary>
public sealed class BundledModelParityTests
{
    private const int MaxTokens = 96;

    // Two engines agree to rounding, not to bits: where two tokens are this close, either may win.
    private const float NearTie = 0.1f;
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Parity");
    private static readonly string Bundled = Path.Combine(AppContext.BaseDirectory, "BundledModel");

    [Theory]
    [InlineData("F16")]
    [InlineData("Q8_0")]
    [InlineData("Q4_0")]
    [InlineData("Q4_K_M")]
    public void GreedyAnswers_BundledModel_EqualLlamaServer(string form)
    {
        var folder = Directory.CreateTempSubdirectory("llava-parity");
        try
        {
            var modelPath = Path.Combine(Bundled, "llava-mini.gguf");
            if (form != "F16")
            {
                var quantized = Path.Combine(folder.FullName, form + ".gguf");
                GgufQuantizer.Quantize(modelPath, quantized, QuantizationMix.Parse(form), cancellationToken: TestContext.Current.CancellationToken);
                modelPath = quantized;
            }

            var golden = File.ReadAllLines(Path.Combine(Folder, $"golden-{form}.jsonl"));
            Assert.Equal(JsonDocument.Parse(golden[0]).RootElement.GetProperty("sha256").GetString(), Sha256(modelPath));
            Assert.True(golden.Length > 50, "At least 50 questions.");
            var options = new EngineLoadOptions { SequenceCount = 1, ContextLength = 512, Threads = 2, VisionProfile = VisionProfile.LlamaCppD };
            using var engine = new CpuEngineFactory().Load(
                new ModelFiles(modelPath, Path.Combine(Bundled, "llava-mini-mmproj.gguf")), options, progress: null, TestContext.Current.CancellationToken);
            using var file = GgufFile.Open(modelPath);
            var tokenizer = TokenizerFactory.Create(file.Metadata);
            List<string> wrong = [], nearTies = [];
            foreach (var line in golden.Skip(1))
            {
                using var item = JsonDocument.Parse(line);
                var question = item.RootElement.GetProperty("question").GetString()!;
                var picture = item.RootElement.GetProperty("picture").GetString()!;
                var expected = item.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32()).ToArray();
                var (actual, gap) = Answer(engine, tokenizer, question, Decode(Path.Combine(Folder, "questions", picture)), expected);
                if (!expected.SequenceEqual(actual))
                {
                    var text = $"{picture} {question}: expected [{string.Join(' ', expected)}], got [{string.Join(' ', actual)}], logits {gap:F3} apart";
                    (gap < NearTie ? nearTies : wrong).Add(text);
                }
            }

            Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
            Assert.True(nearTies.Count <= 1, string.Join(Environment.NewLine, nearTies));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The answer, and how far apart the two tokens are at its first difference from what is expected.
    private static (List<int> Answer, float Gap) Answer(IInferenceEngine engine, ITokenizer tokenizer, string question, RgbImage picture, int[] expected)
    {
        var gap = float.NaN;
        var image = engine.Vision!.Encode(picture, new ComputeTurns(TimeProvider.System), TestContext.Current.CancellationToken);
        List<int> before = [], after = [], answer = [];
        tokenizer.Encode("USER: ", addSpecial: true, parseSpecial: true, before);
        tokenizer.Encode($"\n{question} ASSISTANT:", addSpecial: false, parseSpecial: true, after);
        var sequence = new SequenceId(0);
        var batch = new Batch(engine.Info.MaxBatchRows);
        var position = 0;
        before.ForEach(token => batch.AddToken(sequence, position++, token, wantsLogits: false));
        for (var row = 0; row < image.RowCount; row++)
        {
            batch.AddImageRow(sequence, position++, image, row, wantsLogits: false);
        }

        after.ForEach(token => batch.AddToken(sequence, position++, token, wantsLogits: batch.Count == before.Count + image.RowCount + after.Count - 1));
        engine.RemoveSequence(sequence, 0);
        while (answer.Count < MaxTokens)
        {
            Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
            var logits = engine.Logits(batch.Count - 1);
            var token = IndexOfMax(logits);
            if (float.IsNaN(gap) && answer.Count < expected.Length && expected[answer.Count] != token)
            {
                gap = logits[token] - logits[expected[answer.Count]];
            }

            answer.Add(token);
            if (tokenizer.IsEndOfGeneration(token))
            {
                break;
            }

            batch.Clear();
            batch.AddToken(sequence, position++, token, wantsLogits: true);
        }

        return (answer, gap);
    }

    private static int IndexOfMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    private static RgbImage Decode(string path)
    {
        using var bitmap = SKBitmap.Decode(path);
        var pixels = new byte[bitmap.Width * bitmap.Height * 3];
        for (var i = 0; i < pixels.Length / 3; i++)
        {
            var color = bitmap.GetPixel(i % bitmap.Width, i / bitmap.Width);
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        return new RgbImage(bitmap.Width, bitmap.Height, pixels);
    }

    private static string Sha256(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
