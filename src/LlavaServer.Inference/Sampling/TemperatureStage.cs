namespace LlavaServer.Inference.Sampling;

/// <summary>Divides the logits by a temperature, which may move with the entropy; a temperature of 0 leaves the largest alone.</summary>
internal sealed class TemperatureStage(float temperature, float range, float exponent) : SamplerStage
{
    /// <summary>Whether one candidate is left, whatever the logits.</summary>
    public bool IsGreedy => temperature <= 0f && range <= 0f;

    public override void Apply(CandidateList candidates)
    {
        if (range <= 0f)
        {
            Divide(candidates, temperature);
        }
        else if (candidates.Count > 1)
        {
            candidates.Sort();
            candidates.Softmax();
            var share = candidates.Entropy() / MathF.Log(candidates.Count);
            var least = MathF.Max(0f, temperature - range);
            Divide(candidates, least + ((temperature + range - least) * MathF.Pow(share, exponent)));
        }
    }

    private static void Divide(CandidateList candidates, float by)
    {
        if (by == 1f)
        {
            return;
        }

        // A quotient that overflows leaves all the probability with the largest, as 0 does.
        if (by <= 0f || !float.IsFinite(CandidateList.Max(candidates.Items) / by))
        {
            candidates.KeepOnlyLargest();
            return;
        }

        foreach (ref var item in candidates.Items)
        {
            item.Logit /= by;
        }
    }
}
