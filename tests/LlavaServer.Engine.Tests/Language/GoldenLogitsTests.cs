using System.Security.Cryptography;
using System.Text.Json;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.Language;

/// <summary>Log-probabilities against llama-server's on random-weight models; the golden file holds the command that made it.</summary>
public sealed class GoldenLogitsTests
{
    private static readonly GoldenLogits[] Golden =
        JsonSerializer.Deserialize<GoldenLogits[]>(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Language", "golden-logits.json")), GoldenLogits.Json)!;

    public static TheoryData<string> Names => [.. GoldenLogits.Models.Select(model => model.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_RandomWeights_LogProbabilitiesOfLlamaServer(string name)
    {
        GoldenLogits golden = Golden.Single(candidate => candidate.Name == name);
        string folder = Directory.CreateTempSubdirectory("llava-golden").FullName;
        try
        {
            string path = GoldenLogits.WriteModel(folder, name);
            Assert.Equal(golden.Sha256, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
            var options = new EngineLoadOptions { SequenceCount = 1, ContextLength = 128, Threads = 2 };
            using IInferenceEngine engine = new CpuEngineFactory().Load(new ModelFiles(path, null), options, null, CancellationToken.None);
            float worst = WorstDeviation(engine, golden);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: worst deviation {worst}");
            Assert.True(worst <= Tolerance(name), $"{name}: log-probabilities deviate by {worst}, allowed {Tolerance(name)}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Gates on the worst of 288 log-probabilities. F32 weights leave the noise of the F16 cache. Quantized weights amplify it: where it moves an activation
    /// across a rounding edge, a whole quantization unit changes.
    /// </summary>
    private static float Tolerance(string name) => GoldenLogits.Models.First(model => model.Name == name).Mix switch
    {
        "F32" => 0.004f,
        "F16" or "BF16" => 0.02f,
        _ => 0.12f,
    };

    private static float WorstDeviation(IInferenceEngine engine, GoldenLogits golden)
    {
        var batch = new Batch(golden.Prompt.Length);
        for (int i = 0; i < golden.Prompt.Length; i++)
        {
            batch.AddToken(new SequenceId(0), i, golden.Prompt[i], i == golden.Prompt.Length - 1);
        }

        float worst = 0;
        int position = golden.Prompt.Length;
        foreach (GoldenStep step in golden.Steps)
        {
            Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
            double[] logProbabilities = LogSoftmax(engine.Logits(batch.Count - 1));
            for (int i = 0; i < step.Ids.Length; i++)
            {
                worst = Math.Max(worst, (float)Math.Abs(logProbabilities[step.Ids[i]] - step.LogProbabilities[i]));
            }

            batch.Clear();
            batch.AddToken(new SequenceId(0), position++, step.Token, true);
        }

        return worst;
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> logits)
    {
        double largest = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            largest = Math.Max(largest, logit);
        }

        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        var result = new double[logits.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = logits[i] - largest - Math.Log(sum);
        }

        return result;
    }
}
