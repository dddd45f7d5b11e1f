namespace LlavaServer.Inference.Sampling;

/// <summary>One stage of a sampler's chain. Owned by its sampler, on the scheduler thread; allocates nothing per token.</summary>
internal abstract class SamplerStage
{
    /// <summary>Whether the most likely candidate stays the most likely one.</summary>
    public virtual bool KeepsLargest => true;

    public abstract void Apply(CandidateList candidates);

    /// <summary>Takes a token of the prompt or of the answer into what the stage remembers.</summary>
    public virtual void Accept(int tokenId)
    {
    }
}
