using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads how the next token is picked. Ranges are those of the dialect; out of range is refused, never clamped.</summary>
internal static class SamplingFields
{
    /// <summary>The smallest nucleus is one token.</summary>
    public const float SmallestTopP = 1e-6f;

    private const int MaxLookBack = 1 << 20;
    private const double MaxPenalty = 1000;
    private const double MaxTemperature = 2;
    private const double MaxExponent = 100;

    /// <summary>Bits of surprise; a vocabulary of a million tokens has 20.</summary>
    private const double MaxTau = 100;

    /// <param name="body">The request.</param>
    /// <param name="defaults">What holds where it says nothing: the model's own.</param>
    public static SamplingParameters Read(JsonFields body, SamplingParameters defaults)
    {
        return defaults with
        {
            Temperature = Single(body, "temperature", 0, 2) ?? defaults.Temperature,
            TopK = body.Int32("top_k", -1) is { } topK ? Math.Max(0, topK) : defaults.TopK,
            TopP = Single(body, "top_p", 0, 1) is { } topP ? Math.Max(topP, SmallestTopP) : defaults.TopP,
            MinP = Single(body, "min_p", 0, 1) ?? defaults.MinP,
            TypicalP = Single(body, "typical_p", 0, 1) is { } typical ? Math.Max(typical, SmallestTopP) : defaults.TypicalP,
            RepeatLastN = body.Int32("repeat_last_n", -1, MaxLookBack) ?? defaults.RepeatLastN,
            RepeatPenalty = Penalty(body, "repeat_penalty") ?? Penalty(body, "repetition_penalty") ?? defaults.RepeatPenalty,
            FrequencyPenalty = Single(body, "frequency_penalty", -2, 2) ?? defaults.FrequencyPenalty,
            PresencePenalty = Single(body, "presence_penalty", -2, 2) ?? defaults.PresencePenalty,
            TopNSigma = Single(body, "top_n_sigma", -1000, 1000) ?? defaults.TopNSigma,
            XtcProbability = Single(body, "xtc_probability", 0, 1) ?? defaults.XtcProbability,
            XtcThreshold = Single(body, "xtc_threshold", 0, 1) ?? defaults.XtcThreshold,
            DynamicTemperatureRange = Single(body, "dynatemp_range", 0, MaxTemperature) ?? defaults.DynamicTemperatureRange,
            DynamicTemperatureExponent = Single(body, "dynatemp_exponent", 0, MaxExponent) ?? defaults.DynamicTemperatureExponent,
            Mirostat = (MirostatVersion)(body.Int32("mirostat", 0, 2) ?? 0),
            MirostatTau = Single(body, "mirostat_tau", 0, MaxTau) ?? defaults.MirostatTau,
            MirostatEta = Single(body, "mirostat_eta", 0, 1) ?? defaults.MirostatEta,
            MinKeep = body.Int32("min_keep", 0) ?? 0,
            Dry = DryFields.Read(body),
            Order = SamplerNames.Read(body),
            Seed = Seed(body),
        };
    }

    private static float? Single(JsonFields body, string name, double min, double max) => (float?)body.Number(name, min, max);

    private static float? Penalty(JsonFields body, string name) => Single(body, name, 0, MaxPenalty) switch
    {
        <= 0 => throw RequestException.InvalidValue(name, $"Invalid value for '{name}': it must be above 0 and at most {MaxPenalty}."),
        var penalty => penalty,
    };

    /// <summary>Folded to the sampler's 32 bits, so that small seeds stay what they are; -1 is random.</summary>
    private static uint? Seed(JsonFields body) => body.Int64("seed") switch
    {
        null or -1 => null,
        { } seed => unchecked((uint)(seed ^ (seed >> 32))),
    };
}
