namespace LlavaServer.Inference.Sampling;

/// <summary>
/// How the next token is picked. Names and neutral values are llama.cpp's; a dialect sets its own defaults before it maps a request.
/// </summary>
public sealed record SamplingParameters
{
    /// <summary>0 picks the most likely token.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>0 is off.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>1 is off.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>0 is off.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>1 is off.</summary>
    public float TypicalP { get; init; } = 1f;

    /// <summary>Tokens looked back for the penalties; 0 is off, -1 is the context length.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>1 is off.</summary>
    public float RepeatPenalty { get; init; } = 1f;

    public float FrequencyPenalty { get; init; }

    public float PresencePenalty { get; init; }

    /// <summary>Null takes a random seed.</summary>
    public uint? Seed { get; init; }

    /// <summary>Added to the logits of tokens before anything else; null is none.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }
}
