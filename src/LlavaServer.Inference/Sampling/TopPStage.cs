namespace LlavaServer.Inference.Sampling;

/// <summary>Nucleus (Holtzman et al. 2019): keeps the most likely whose probabilities together reach p.</summary>
internal sealed class TopPStage(float p, int minKeep) : SamplerStage
{
    public override void Apply(CandidateList candidates)
    {
        candidates.Softmax();
        candidates.Sort();
        var cumulated = 0f;
        var kept = 0;
        foreach (ref readonly var item in candidates.Items)
        {
            kept++;
            cumulated += item.Probability;
            if (cumulated >= p && kept >= minKeep)
            {
                break;
            }
        }

        candidates.Truncate(kept);
    }
}
