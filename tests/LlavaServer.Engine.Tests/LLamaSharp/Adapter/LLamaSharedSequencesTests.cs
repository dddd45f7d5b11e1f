using LlavaServer.Engine.Tests.Contract;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.LLamaSharp.Adapter;

/// <summary>llama.cpp under the contract of shared sequences: it gives out single positions.</summary>
public sealed class LLamaSharedSequencesTests : SharedSequencesContract
{
    // Its kernels differ with the size of a batch.
    protected override float Tolerance => 2e-2f;

    protected override int BlockSize => 1;

    protected override IInferenceEngine Open() => LLamaModelFiles.Open(
        new EngineLoadOptions { SequenceCount = 12, ContextLength = 96, KVPositions = 250, MaxBatchRows = 48, Threads = 2, KVCacheType = "f32" }, seed: 6);
}
