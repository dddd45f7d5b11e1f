namespace LlavaServer.Inference.Sampling;

/// <summary>A stage of the chain whose place a request may choose; bias comes before all of them, the draw after.</summary>
public enum SamplerKind
{
    Penalties,
    Dry,
    TopNSigma,
    TopK,
    TypicalP,
    TopP,
    MinP,
    Xtc,
    Temperature,
}
