using System.Security.Cryptography;
using System.Text.Json;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.Language;

/// <summary>Hidden states against llama-server's embeddings on random-weight models; the golden file holds the commands that made it.</summary>
public sealed class GoldenEmbeddingsTests
{
    // Elements of a vector of length 1 and 64 elements are about 0.1; F16 weights differ by the order of sums in llama.cpp.
    private const float Tolerance = 5e-4f;

    private static readonly GoldenEmbeddings[] Golden =
        JsonSerializer.Deserialize<GoldenEmbeddings[]>(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Language", "golden-embeddings.json")), GoldenLogits.Json)!;

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    public void Embedding_RandomWeights_VectorsOfLlamaServer(string name)
    {
        string folder = Directory.CreateTempSubdirectory("llava-golden").FullName;
        try
        {
            string path = GoldenLogits.WriteModel(folder, name);
            var options = new EngineLoadOptions { SequenceCount = 3, ContextLength = 128, Threads = 2 };
            using IInferenceEngine engine = new CpuEngineFactory().Load(new ModelFiles(path, null), options, null, CancellationToken.None);
            GoldenEmbeddings[] all = [.. Golden.Where(golden => golden.Name == name)];
            Assert.Equal(["mean", "cls", "last"], all.Select(golden => golden.Pooling));
            foreach (GoldenEmbeddings golden in all)
            {
                Assert.Equal(golden.Sha256, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
                float worst = WorstDeviation(engine, golden);
                TestContext.Current.TestOutputHelper?.WriteLine($"{name} {golden.Pooling}: worst deviation {worst}");
                Assert.True(worst <= Tolerance, $"{name} {golden.Pooling}: elements deviate by {worst}, allowed {Tolerance}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static float WorstDeviation(IInferenceEngine engine, GoldenEmbeddings golden)
    {
        var batch = new Batch(golden.Inputs.Sum(input => input.Length));
        for (int i = 0; i < golden.Inputs.Length; i++)
        {
            engine.RemoveSequence(new SequenceId(i), 0);
            for (int position = 0; position < golden.Inputs[i].Length; position++)
            {
                batch.AddToken(new SequenceId(i), position, golden.Inputs[i][position], false, true);
            }
        }

        Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
        float worst = 0;
        int first = 0;
        for (int i = 0; i < golden.Inputs.Length; i++)
        {
            double[] vector = Pool(engine, first, golden.Inputs[i].Length, golden.Pooling);
            worst = Math.Max(worst, (float)vector.Zip(golden.Embeddings[i]).Max(pair => Math.Abs(pair.First - pair.Second)));
            first += golden.Inputs[i].Length;
        }

        return worst;
    }

    private static double[] Pool(IInferenceEngine engine, int first, int length, string pooling)
    {
        var sum = new double[engine.Info.EmbeddingWidth];
        for (int position = 0; position < length; position++)
        {
            if (pooling == "mean" || position == (pooling == "cls" ? 0 : length - 1))
            {
                ReadOnlySpan<float> hidden = engine.Embedding(first + position);
                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += hidden[i];
                }
            }
        }

        double norm = Math.Sqrt(sum.Sum(value => value * value));
        return [.. sum.Select(value => value / norm)];
    }
}
