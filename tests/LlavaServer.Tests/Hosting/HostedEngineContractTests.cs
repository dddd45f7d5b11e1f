using LlavaServer.Engine.Tests.Contract;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Tests.Hosting;

/// <summary>The managed engine in a process of its own, under the contract of all engines.</summary>
public class HostedEngineContractTests : InferenceEngineContract
{
    protected virtual string Kind => EngineOptions.CpuKind;

    protected override IInferenceEngine Open()
    {
        var folder = Directory.CreateTempSubdirectory("llava-contract-");
        try
        {
            var path = Path.Combine(folder.FullName, "model.gguf");
            RandomLanguageModel.Write(path, LanguageShape.Tiny, QuantizationMix.Parse("F32"), seed: 5, pure: true);
            var options = new EngineLoadOptions { SequenceCount = 3, ContextLength = 64, MaxBatchRows = 48, Threads = 2 };
            return HostedEngine.Factory(Kind).Load(new ModelFiles(path, null), options, null, CancellationToken.None);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
