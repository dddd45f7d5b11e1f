namespace LlavaServer.Inference.Sampling;

/// <summary>Keeps candidates whose probability is at least this share of the largest.</summary>
internal sealed class MinPStage(float p, int minKeep) : SamplerStage
{
    private readonly float _logP = MathF.Log(p);

    public override void Apply(CandidateList candidates) => candidates.KeepAtLeast(CandidateList.Max(candidates.Items) + _logP, minKeep);
}
