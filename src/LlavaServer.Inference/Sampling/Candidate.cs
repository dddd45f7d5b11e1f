namespace LlavaServer.Inference.Sampling;

/// <summary>A token that may be picked, with its logit and, after a softmax, its probability.</summary>
internal struct Candidate
{
    public int TokenId;
    public float Logit;
    public float Probability;
}
