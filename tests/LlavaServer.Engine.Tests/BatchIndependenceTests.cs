using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests;

/// <summary>
/// A row's logits have the same bits whatever is computed beside it. On this rests that a sequence which is set back, or whose engine died, goes on
/// with the same text after its tokens were prefilled in another division.
/// </summary>
public sealed class BatchIndependenceTests : IDisposable
{
    private const int Length = 45;

    private readonly string _folder = Directory.CreateTempSubdirectory("llava-batches").FullName;

    [Theory]
    [InlineData("F32")]
    [InlineData("F16")]
    [InlineData("BF16")]
    [InlineData("Q4_0")]
    [InlineData("Q4_1")]
    [InlineData("Q5_0")]
    [InlineData("Q5_1")]
    [InlineData("Q8_0")]
    [InlineData("Q2_K")]
    [InlineData("Q3_K")]
    [InlineData("Q4_K")]
    [InlineData("Q5_K")]
    [InlineData("Q6_K")]
    [InlineData("IQ4_NL")]
    [InlineData("IQ4_XS")]
    public void Decode_PromptDividedOtherwise_SameBits(string type)
    {
        string path = Path.Combine(_folder, "model.gguf");
        RandomLanguageModel.Write(path, LanguageShape.Tiny256, QuantizationMix.Parse(type), seed: 7, pure: true);
        var options = new EngineLoadOptions { SequenceCount = 3, ContextLength = 64, MaxBatchRows = 64, Threads = 2 };
        using IInferenceEngine engine = new CpuEngineFactory().Load(new ModelFiles(path, null), options, null, CancellationToken.None);
        int[] byRow = Compute(engine, 1, 0);
        Assert.Equal(byRow, Compute(engine, Length, 0));
        Assert.Equal(byRow, Compute(engine, 7, 0));
        Assert.Equal(byRow, Compute(engine, 2, others: 2));
        Assert.Equal(byRow, Compute(engine, 1, others: 1));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Bits of the last row's logits, the prompt taken in parts, each beside rows of other sequences.</summary>
    private static int[] Compute(IInferenceEngine engine, int part, int others)
    {
        var batch = new Batch(64);
        int last = -1;
        for (int sequence = 0; sequence <= others; sequence++)
        {
            engine.RemoveSequence(new SequenceId(sequence), 0);
        }

        for (int start = 0; start < Length; start += part)
        {
            batch.Clear();
            for (int other = 1; other <= others; other++)
            {
                batch.AddToken(new SequenceId(other), start / part, 300 + other + start, true);
            }

            for (int position = start; position < Math.Min(start + part, Length); position++)
            {
                last = batch.AddToken(new SequenceId(0), position, 260 + (position * 37 % 240), position == Length - 1);
            }

            Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
        }

        return [.. engine.Logits(last).ToArray().Select(BitConverter.SingleToInt32Bits)];
    }
}
