namespace LlavaServer.Inference.Sampling;

/// <summary>Locally typical sampling (Meister et al. 2022): keeps candidates whose surprise is nearest to the entropy.</summary>
internal sealed class TypicalStage(float p, int minKeep) : SamplerStage
{
    public override bool KeepsLargest => false;

    public override void Apply(CandidateList candidates)
    {
        candidates.Sort();
        candidates.Softmax();
        var entropy = candidates.Entropy();
        var scores = candidates.Scores;
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = MathF.Abs(-MathF.Log(candidates.Items[i].Probability) - entropy);
        }

        candidates.SortByScore();
        var cumulated = 0f;
        var kept = 0;
        foreach (ref readonly var item in candidates.Items)
        {
            kept++;
            cumulated += item.Probability;
            if (cumulated > p && kept >= minKeep)
            {
                break;
            }
        }

        candidates.Truncate(kept);
    }
}
