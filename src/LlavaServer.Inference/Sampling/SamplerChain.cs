using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Sampling;

/// <summary>Builds the stages of a chain in the request's order, without those whose parameters are neutral.</summary>
internal static class SamplerChain
{
    public static SamplerStage[] Build(SamplingParameters parameters, uint seed, int contextLength, ITokenizer? tokenizer)
    {
        var stages = new List<SamplerStage>();
        foreach (var kind in parameters.Order)
        {
            if (Build(kind, parameters, seed, contextLength, tokenizer) is { } stage)
            {
                stages.Add(stage);
            }
        }

        return [.. stages];
    }

    private static SamplerStage? Build(SamplerKind kind, SamplingParameters parameters, uint seed, int contextLength, ITokenizer? tokenizer) => kind switch
    {
        SamplerKind.Penalties => Penalties(parameters, LookBack(parameters.RepeatLastN, contextLength)),
        SamplerKind.Dry => Dry(parameters.Dry, LookBack(parameters.Dry.LastN, contextLength), tokenizer),
        SamplerKind.TopNSigma when parameters.TopNSigma > 0f => new TopNSigmaStage(parameters.TopNSigma),
        SamplerKind.TopK when parameters.TopK > 0 => new TopKStage(parameters.TopK),
        SamplerKind.TypicalP when parameters.TypicalP < 1f => new TypicalStage(parameters.TypicalP, parameters.MinKeep),
        SamplerKind.TopP when parameters.TopP < 1f => new TopPStage(parameters.TopP, parameters.MinKeep),
        SamplerKind.MinP when parameters.MinP > 0f => new MinPStage(parameters.MinP, parameters.MinKeep),
        SamplerKind.Xtc when parameters.XtcProbability > 0f && parameters.XtcThreshold <= 0.5f =>
            new XtcStage(parameters.XtcProbability, parameters.XtcThreshold, parameters.MinKeep, seed),
        SamplerKind.Temperature => new TemperatureStage(
            parameters.Temperature, parameters.DynamicTemperatureRange, parameters.DynamicTemperatureExponent),
        _ => null,
    };

    private static PenaltyStage? Penalties(SamplingParameters parameters, int lastN)
    {
        var isNeutral = parameters.RepeatPenalty == 1f && parameters.FrequencyPenalty == 0f && parameters.PresencePenalty == 0f;
        return isNeutral || lastN == 0 ? null : new PenaltyStage(parameters, lastN);
    }

    private static DryStage? Dry(DryParameters parameters, int lastN, ITokenizer? tokenizer)
    {
        if (parameters.Multiplier == 0f || parameters.Base < 1f || lastN == 0)
        {
            return null;
        }

        return new DryStage(parameters, lastN, tokenizer is null ? new DryBreakers() : DryBreakers.From(parameters.SequenceBreakers, tokenizer));
    }

    private static int LookBack(int tokens, int contextLength) => tokens < 0 ? contextLength : Math.Min(tokens, contextLength);
}
