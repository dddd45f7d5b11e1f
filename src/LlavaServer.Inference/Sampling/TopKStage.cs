namespace LlavaServer.Inference.Sampling;

/// <summary>Keeps the k most likely.</summary>
internal sealed class TopKStage(int k) : SamplerStage
{
    public override void Apply(CandidateList candidates) => candidates.KeepLargest(k);
}
