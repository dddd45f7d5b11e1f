using LlavaServer.Engine.Cpu;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests;

[Collection(nameof(AloneCollection))]
public sealed class CpuEngineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llava-engine").FullName;

    [Theory]
    [InlineData("F16", 1, false)]
    [InlineData("Q4_0", 2, false)]
    [InlineData("Q4_0", 2, true)]
    [InlineData("Q5_1", 2, false)]
    [InlineData("Q8_0", 2, false)]
    public void Decode_SteadyState_AllocatesNothing(string mix, int threads, bool isAdapted)
    {
        string model = Write(LanguageShape.Tiny, mix);
        string adapter = Path.Combine(_folder, "adapter.gguf");
        RandomAdapter.Write(adapter, model);
        using IInferenceEngine engine = Load(model, threads, isAdapted ? [adapter] : []);
        var batch = new Batch(4);
        Run(0, 20);

        // The count is the process's, and the test runner allocates now and then: one quiet window is enough, a step that allocates leaves none.
        long fewest = long.MaxValue;
        for (int window = 0; window < 100 && fewest > 0; window++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Run(20, 40);
            fewest = Math.Min(fewest, GC.GetTotalAllocatedBytes(precise: true) - before);
            engine.RemoveSequence(new SequenceId(0), 20);
            engine.RemoveSequence(new SequenceId(1), 20);
        }

        Assert.Equal(0, fewest);

        void Run(int first, int end)
        {
            for (int position = first; position < end; position++)
            {
                batch.Clear();
                batch.AddToken(new SequenceId(0), position, 300, true);
                batch.AddToken(new SequenceId(1), position, 301, true);
                engine.Decode(batch);
            }
        }
    }

    [Fact]
    public void Load_OtherArchitecture_RefusedByName()
    {
        string path = Write(LanguageShape.Tiny, "F32", writer => writer.SetValue("general.architecture", "phi3"));
        Assert.Contains("phi3", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Experts_RefusedByKey()
    {
        string path = Write(LanguageShape.Tiny, "F32", writer => writer.SetValue("llama.expert_count", 8u));
        Assert.Contains("llama.expert_count", Refusal(path), StringComparison.Ordinal);
        path = Write(LanguageShape.Tiny, "F32", writer => writer.SetValue("llama.attention.causal", false));
        Assert.Contains("llama.attention.causal", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_LongRope_RefusedByName()
    {
        string path = Write(LanguageShape.Tiny, "F32", writer => writer.SetValue("llama.rope.scaling.type", "longrope"));
        Assert.Contains("longrope", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_UnsupportedTensorType_RefusedByTensorAndType()
    {
        string path = Rewrite(Write(LanguageShape.Tiny256, "F32"), "blk.1.ffn_up.weight", TensorType.IQ3_S);
        string message = Refusal(path);
        Assert.Contains("blk.1.ffn_up.weight", message, StringComparison.Ordinal);
        Assert.Contains("IQ3_S", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MissingTensor_RefusedByName()
    {
        string path = Rewrite(Write(LanguageShape.Tiny, "F32"), "blk.0.attn_k.weight", null);
        Assert.Contains("blk.0.attn_k.weight", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_HeadsThatCannotShare_RefusedByKey()
    {
        string path = Write(LanguageShape.Tiny, "F32", writer => writer.SetValue("llama.attention.head_count_kv", 3u));
        Assert.Contains("llama.attention.head_count_kv", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoFile_ModelLoadFailed() => Assert.DoesNotContain(_folder, Refusal(Path.Combine(_folder, "absent.gguf")), StringComparison.Ordinal);

    [Fact]
    public void Load_Progress_EndsAtOne()
    {
        var reports = new Reports();
        using IInferenceEngine engine = new CpuEngineFactory().Load(
            new ModelFiles(Write(LanguageShape.Tiny, "Q4_0"), null), new EngineLoadOptions(), reports, CancellationToken.None);
        Assert.Equal(1, reports.Values[^1]);
        Assert.Equal(reports.Values.Order(), reports.Values);
    }

    [Fact]
    public void Load_Cancelled_Stops()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new CpuEngineFactory().Load(
            new ModelFiles(Write(LanguageShape.Tiny, "F32"), null), new EngineLoadOptions(), null, source.Token));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IInferenceEngine Load(string path, int threads, params string[] adapters) => new CpuEngineFactory().Load(
        new ModelFiles(path, null) { AdapterPaths = adapters }, new EngineLoadOptions { SequenceCount = 2, ContextLength = 64, MaxBatchRows = 4, Threads = threads }, null, CancellationToken.None);

    private static string Refusal(string path)
    {
        InferenceException exception = Assert.Throws<InferenceException>(() => Load(path, 1));
        Assert.Equal(InferenceError.ModelLoadFailed, exception.Error);
        Assert.DoesNotContain('\n', exception.Message);
        return exception.Message;
    }

    private string Write(LanguageShape shape, string mix, Action<GgufWriter>? change = null)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():n}.gguf");
        RandomLanguageModel.Write(path, shape, QuantizationMix.Parse(mix), seed: 3, pure: true);
        return change is null ? path : Copy(path, change, _ => true, null);
    }

    private string Rewrite(string path, string tensor, TensorType? type) => Copy(path, _ => { }, name => type is not null || name != tensor, (tensor, type));

    private string Copy(string path, Action<GgufWriter> change, Func<string, bool> keep, (string Name, TensorType? Type)? retyped)
    {
        string copy = Path.Combine(_folder, $"{Guid.NewGuid():n}.gguf");
        using GgufFile file = GgufFile.Open(path);
        var writer = new GgufWriter();
        writer.CopyMetadata(file.Metadata);
        change(writer);
        foreach (GgufTensor tensor in file.Tensors.Where(tensor => keep(tensor.Name)))
        {
            TensorType type = retyped is { } change2 && change2.Name == tensor.Name && change2.Type is { } other ? other : tensor.Type;
            long bytes = tensor.Shape.ToArray()[1..].Aggregate(TensorTypes.RowBytes(type, tensor.Shape[0]), (product, length) => product * length);
            writer.AddTensor(tensor.Name, type, tensor.Shape, Bytes(tensor, bytes));
        }

        writer.Write(copy);
        return copy;
    }

    private static unsafe byte[] Bytes(GgufTensor tensor, long count) => new ReadOnlySpan<byte>(tensor.Pointer, (int)Math.Min(count, tensor.ByteCount)).ToArray();

    private sealed class Reports : IProgress<double>
    {
        public List<double> Values { get; } = [];

        public void Report(double value) => Values.Add(value);
    }
}
