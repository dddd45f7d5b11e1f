using BenchmarkDotNet.Attributes;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Benchmarks.Engine;

/// <summary>A decode step of a small random model: its time is overhead more than arithmetic, and it must allocate 0 bytes.</summary>
[MemoryDiagnoser]
public class DecodeBenchmarks
{
    private const int Context = 512;

    private readonly Batch _batch = new(1);
    private IInferenceEngine _engine = null!;
    private int _position;

    [Params("F16", "Q4_0", "Q8_0", "Q4_K_M")]
    public string Type { get; set; } = "F16";

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Load()
    {
        string path = Path.Combine(Path.GetTempPath(), $"llava-decode-{Environment.ProcessId}.gguf");
        RandomLanguageModel.Write(path, LanguageShape.Tiny256, QuantizationMix.Parse(Type), pure: true);
        var options = new EngineLoadOptions { SequenceCount = 1, ContextLength = Context, MaxBatchRows = 1, Threads = Threads };
        _engine = new CpuEngineFactory().Load(new ModelFiles(path, null), options, null, CancellationToken.None);
        File.Delete(path);
    }

    [GlobalCleanup]
    public void Unload() => _engine.Dispose();

    [Benchmark]
    public float Decode()
    {
        if (_position == Context)
        {
            _engine.RemoveSequence(new SequenceId(0), 0);
            _position = 0;
        }

        _batch.Clear();
        _batch.AddToken(new SequenceId(0), _position++, 300, true);
        _engine.Decode(_batch);
        return _engine.Logits(0)[0];
    }
}
