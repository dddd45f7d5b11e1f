namespace LlavaServer.Inference.Sampling;

/// <summary>
/// Top-n-sigma (Tang et al. 2024): rules out logits more than n standard deviations below the largest. They stay in the list, as in llama.cpp: the
/// dynamic temperature counts them.
/// </summary>
internal sealed class TopNSigmaStage(float n) : SamplerStage
{
    public override void Apply(CandidateList candidates)
    {
        var items = candidates.Items;
        var max = float.NegativeInfinity;
        var sum = 0f;
        var count = 0;
        foreach (ref readonly var item in items)
        {
            if (!float.IsNegativeInfinity(item.Logit))
            {
                max = MathF.Max(max, item.Logit);
                sum += item.Logit;
                count++;
            }
        }

        if (items.Length <= 1 || count == 0)
        {
            return;
        }

        var mean = sum / count;
        var squares = 0f;
        foreach (ref readonly var item in items)
        {
            if (!float.IsNegativeInfinity(item.Logit))
            {
                double distance = item.Logit - mean;
                squares = (float)(squares + (distance * distance));
            }
        }

        var least = max - (n * MathF.Sqrt(squares / count));
        foreach (ref var item in items)
        {
            if (item.Logit < least)
            {
                item.Logit = float.NegativeInfinity;
            }
        }
    }
}
