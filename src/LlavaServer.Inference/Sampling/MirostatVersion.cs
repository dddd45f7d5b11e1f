namespace LlavaServer.Inference.Sampling;

/// <summary>Mirostat (Basu et al. 2021) in place of the filters: off, as in the paper, or its second version, which cuts by surprise.</summary>
public enum MirostatVersion
{
    Off = 0,
    One = 1,
    Two = 2,
}
