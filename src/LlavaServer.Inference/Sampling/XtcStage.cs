namespace LlavaServer.Inference.Sampling;

/// <summary>
/// "Exclude top choices" (p-e-w, text-generation-webui pull 6335): now and then takes out all candidates of at least a threshold but the least likely of
/// them. Draws from a generator of its own, so that it does not move the sampler's.
/// </summary>
internal sealed class XtcStage(float probability, float threshold, int minKeep, uint seed) : SamplerStage
{
    private readonly MersenneTwister _random = new(seed);

    public override bool KeepsLargest => false;

    public override void Apply(CandidateList candidates)
    {
        if (candidates.Count < 2 || _random.NextSingle() > probability)
        {
            return;
        }

        candidates.Sort();
        candidates.Softmax();
        var last = 0;
        var items = candidates.Items;
        for (var i = 0; i < items.Length && items[i].Probability >= threshold; i++)
        {
            last = i;
        }

        if (items.Length - last >= minKeep)
        {
            candidates.RemoveFirst(last);
        }
    }
}
