using LlavaServer.Engine.Tests.Contract;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>llama.cpp under the contract, with two threads.</summary>
public sealed class LLamaEngineContractTests : InferenceEngineContract
{
    // Its kernels differ with the size of a batch.
    protected override float Tolerance => 2e-2f;

    protected override IInferenceEngine Open() =>
        LLamaModelFiles.Open(new EngineLoadOptions { SequenceCount = 3, ContextLength = 64, MaxBatchRows = 48, Threads = 2, KVCacheType = "f32" }, seed: 5);
}
