using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>What chat and text completions have in common, read and checked field by field. Lives as long as the body.</summary>
internal record AnswerRequest
{
    /// <summary>As the caller wrote it; null when not given.</summary>
    public string? Model { get; init; }

    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>Not yet tokens: that takes the model.</summary>
    public IReadOnlyList<BiasEntry> LogitBias { get; init; } = [];

    /// <summary>Null is the rest of the context.</summary>
    public int? MaxTokens { get; init; }

    public int MinTokens { get; init; }

    public bool IgnoresEnd { get; init; }

    public TimeSpan? PredictTime { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>The form of the answer; null is text without form.</summary>
    public Grammar? Grammar { get; init; }

    /// <summary>Answers to one prompt.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Log probabilities are wanted, with so many alternatives; null is none.</summary>
    public int? TopLogProbabilities { get; init; }

    public bool ReusesPrompt { get; init; } = true;

    public bool IsStream { get; init; }

    public bool IncludesUsage { get; init; }

    /// <summary>Chunks tell how far the answer is while there is no text yet.</summary>
    public bool IncludesProgress { get; init; }

    /// <summary>Every chunk with text has times.</summary>
    public bool TimesChunks { get; init; }

    /// <summary>The caller named a service tier, so that the answer names one.</summary>
    public bool HasServiceTier { get; init; }

    /// <summary>Seconds of silence before a comment line; null is the server's setting, negative is never.</summary>
    public double? PingSeconds { get; init; }

    /// <summary>Fields that were accepted without effect.</summary>
    public IReadOnlyList<string> IgnoredFields { get; init; } = [];

    /// <summary>What the code that reads the answers has to know of them.</summary>
    public AnswerShape ShapeOf(int prompts) => new()
    {
        Choices = prompts * Choices,
        ChoicesPerPrompt = Choices,
        IncludesProgress = IncludesProgress,
        PingSeconds = PingSeconds,
    };

    /// <summary>All that is common put into a neutral request, whose prompt is the caller's.</summary>
    public GenerationRequest ApplyTo(GenerationRequest request) => request with
    {
        Sampling = Sampling,
        MaxTokens = MaxTokens,
        MinTokens = MinTokens,
        IgnoreEnd = IgnoresEnd,
        PredictTime = PredictTime,
        Stop = Stop,
        Grammar = Grammar,
        TopLogProbabilities = TopLogProbabilities,
        TimesUpdates = TimesChunks && IsStream,
        ReusesPrompt = ReusesPrompt,
        BoundsLoad = !IsStream,
    };
}
