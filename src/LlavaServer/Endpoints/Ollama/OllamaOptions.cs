namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// The member <c>options</c> of a request, as far as this server honours it. The defaults are Ollama's; they differ from llama.cpp's. Immutable.
/// </summary>
internal sealed record OllamaOptions
{
    /// <summary>Tokens of the answer at most; negative is the rest of the context.</summary>
    public int NumPredict { get; init; } = -1;

    /// <summary>Positions of prompt and answer; null is all that the model's slot has.</summary>
    public int? NumCtx { get; init; }

    /// <summary>Negative is random each time.</summary>
    public long Seed { get; init; } = -1;

    /// <summary>0 is greedy.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>0 or negative is off.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>1 is off.</summary>
    public float TopP { get; init; } = 0.9f;

    /// <summary>0 is off.</summary>
    public float MinP { get; init; }

    /// <summary>1 is off.</summary>
    public float TypicalP { get; init; } = 1f;

    /// <summary>Tokens that the penalties look back; 0 is off, -1 is the context.</summary>
    public int RepeatLastN { get; init; } = 64;

    /// <summary>1 is off.</summary>
    public float RepeatPenalty { get; init; } = 1f;

    public float PresencePenalty { get; init; }

    public float FrequencyPenalty { get; init; }

    /// <summary>0 is off; 1 and 2 take the place of all filters and penalties.</summary>
    public int Mirostat { get; init; }

    /// <summary>Surprise that mirostat aims at, in bits.</summary>
    public float MirostatTau { get; init; } = 5f;

    /// <summary>How fast mirostat corrects itself.</summary>
    public float MirostatEta { get; init; } = 0.1f;

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Names that were given, accepted, and do nothing here: they say how to compute, not what.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}
