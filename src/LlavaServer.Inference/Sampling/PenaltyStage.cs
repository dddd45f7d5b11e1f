namespace LlavaServer.Inference.Sampling;

/// <summary>Repeat, frequency and presence penalties over the last tokens.</summary>
internal sealed class PenaltyStage(SamplingParameters parameters, int lastN) : SamplerStage
{
    private readonly PenaltyHistory _history = new(lastN);

    public override bool KeepsLargest => false;

    public override void Accept(int tokenId) => _history.Add(tokenId);

    public override void Apply(CandidateList candidates)
    {
        if (candidates.IsInIdOrder)
        {
            foreach (var (tokenId, count) in _history.Counts)
            {
                if (candidates.IndexOf(tokenId) is >= 0 and var index)
                {
                    Penalize(ref candidates.Items[index], count);
                }
            }
        }
        else
        {
            foreach (ref var item in candidates.Items)
            {
                if (_history.Counts.TryGetValue(item.TokenId, out var count))
                {
                    Penalize(ref item, count);
                }
            }
        }

        candidates.LogitsChanged();
    }

    private void Penalize(ref Candidate item, int count)
    {
        item.Logit = item.Logit <= 0f ? item.Logit * parameters.RepeatPenalty : item.Logit / parameters.RepeatPenalty;
        item.Logit -= (count * parameters.FrequencyPenalty) + parameters.PresencePenalty;
    }
}
