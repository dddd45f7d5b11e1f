using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Engine.Tests.Contract;

/// <summary>The managed engine under the contract of shared sequences, with two threads.</summary>
public sealed class CpuEngineSharedSequencesTests : SharedSequencesContract
{
    protected override IInferenceEngine Open()
    {
        string folder = Directory.CreateTempSubdirectory("llava-contract").FullName;
        try
        {
            string path = Path.Combine(folder, "model.gguf");
            RandomLanguageModel.Write(path, LanguageShape.Tiny, QuantizationMix.Parse("F32"), seed: 6, pure: true);
            var options = new EngineLoadOptions { SequenceCount = 12, ContextLength = 96, KVPositions = 250, MaxBatchRows = 48, Threads = 2 };
            return new CpuEngineFactory().Load(new ModelFiles(path, null), options, null, CancellationToken.None);
        }
        finally
        {
            // The mapping keeps the bytes until the engine is disposed.
            Directory.Delete(folder, recursive: true);
        }
    }
}
