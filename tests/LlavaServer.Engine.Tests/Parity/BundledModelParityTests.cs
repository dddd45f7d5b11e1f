using System.Security.Cryptography;
using System.Text.Json;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Engine.Tests.Parity;

/// <summary>
/// The bundled model's greedy answers, token by token, against those of llama-server on the same files. commands.txt beside the golden files has the
/// commands that made them.
/// </summary>
public sealed class BundledModelParityTests
{
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
            var modelPath = PictureQuestions.ModelPath;
            if (form != "F16")
            {
                var quantized = Path.Combine(folder.FullName, form + ".gguf");
                GgufQuantizer.Quantize(modelPath, quantized, QuantizationMix.Parse(form), cancellationToken: TestContext.Current.CancellationToken);
                modelPath = quantized;
            }

            var golden = File.ReadAllLines(Path.Combine(PictureQuestions.Folder, $"golden-{form}.jsonl"));
            Assert.Equal(JsonDocument.Parse(golden[0]).RootElement.GetProperty("sha256").GetString(), Sha256(modelPath));
            Assert.True(golden.Length > 50, "At least 50 questions.");
            var options = new EngineLoadOptions { SequenceCount = 1, ContextLength = 512, Threads = 2, VisionProfile = VisionProfile.LlamaCppD };
            using var engine = new CpuEngineFactory().Load(
                new ModelFiles(modelPath, PictureQuestions.MmprojPath), options, progress: null, TestContext.Current.CancellationToken);
            using var file = GgufFile.Open(modelPath);
            var tokenizer = TokenizerFactory.Create(file.Metadata);
            List<string> wrong = [], nearTies = [];
            foreach (var line in golden.Skip(1))
            {
                using var item = JsonDocument.Parse(line);
                var question = item.RootElement.GetProperty("question").GetString()!;
                var picture = item.RootElement.GetProperty("picture").GetString()!;
                var expected = item.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32()).ToArray();
                var (actual, gap) = PictureQuestions.Answer(engine, tokenizer, question, PictureQuestions.Picture(picture), expected);
                if (!expected.SequenceEqual(actual))
                {
                    var text = $"{picture} {question}: expected [{string.Join(' ', expected)}], got [{string.Join(' ', actual)}], logits {gap:F3} apart";
                    (gap < PictureQuestions.NearTie ? nearTies : wrong).Add(text);
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

    private static string Sha256(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
