namespace LlavaServer.Inference.Sampling;

/// <summary>
/// How the next token is picked. Names and neutral values are llama.cpp's; a dialect sets its own defaults before it maps a request.
/// </summary>
public sealed record SamplingParameters
{
    /// <summary>llama.cpp's order of the stages.</summary>
    public static IReadOnlyList<SamplerKind> DefaultOrder { get; } =
    [
        SamplerKind.Penalties, SamplerKind.Dry, SamplerKind.TopNSigma, SamplerKind.TopK, SamplerKind.TypicalP, SamplerKind.TopP, SamplerKind.MinP,
        SamplerKind.Xtc, SamplerKind.Temperature,
    ];

    /// <summary>0 picks the most likely token.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>The temperature moves by this much to either side with the entropy; 0 is off.</summary>
    public float DynamicTemperatureRange { get; init; }

    /// <summary>How the entropy's share of its maximum is bent before it moves the temperature.</summary>
    public float DynamicTemperatureExponent { get; init; } = 1f;

    /// <summary>0 is off.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>1 is off.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>0 is off.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>1 is off.</summary>
    public float TypicalP { get; init; } = 1f;

    /// <summary>Standard deviations below the largest logit; 0 or less is off.</summary>
    public float TopNSigma { get; init; } = -1f;

    /// <summary>How often the most likely tokens are taken out; 0 is off.</summary>
    public float XtcProbability { get; init; }

    /// <summary>Probability from which a token counts as most likely; above 0.5 is off.</summary>
    public float XtcThreshold { get; init; } = 0.1f;

    /// <summary>Candidates that top-p, min-p, typical and XTC leave at least.</summary>
    public int MinKeep { get; init; }

    /// <summary>Tokens looked back for the penalties; 0 is off, -1 is the context length.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>1 is off.</summary>
    public float RepeatPenalty { get; init; } = 1f;

    public float FrequencyPenalty { get; init; }

    public float PresencePenalty { get; init; }

    public DryParameters Dry { get; init; } = new();

    /// <summary>Takes the place of every other stage but the temperature.</summary>
    public MirostatVersion Mirostat { get; init; }

    /// <summary>Surprise that mirostat aims at, in bits.</summary>
    public float MirostatTau { get; init; } = 5f;

    /// <summary>Share of the error by which mirostat corrects itself at each token.</summary>
    public float MirostatEta { get; init; } = 0.1f;

    /// <summary>The stages in order; one that is left out does nothing.</summary>
    public IReadOnlyList<SamplerKind> Order { get; init; } = DefaultOrder;

    /// <summary>Null takes a random seed.</summary>
    public uint? Seed { get; init; }

    /// <summary>Added to the logits of tokens before anything else; null is none.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }
}
