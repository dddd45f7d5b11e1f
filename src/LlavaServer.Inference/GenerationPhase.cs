namespace LlavaServer.Inference;

/// <summary>Where an answer is on its way; later ones are greater.</summary>
public enum GenerationPhase
{
    Queued,
    Loading,
    Encoding,
    Prefill,
    Decode,
}
