using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Thinking;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Scheduling;

/// <summary>What a <see cref="Sequence"/> is made from: prompt, sampler and limits, checked against the model. Immutable but for the sampler's state.</summary>
internal sealed record SequenceRequest
{
    public required Prompt Prompt { get; init; }

    /// <summary>Sequences of another scope share nothing with this one; empty is everybody's.</summary>
    public string Scope { get; init; } = "";

    /// <summary>Which of the request's answers this is.</summary>
    public int Choice { get; init; }

    /// <summary>Has accepted the prompt's text tokens.</summary>
    public required Sampler Sampler { get; init; }

    /// <summary>Tokens of the answer at most, within the context.</summary>
    public required int MaxTokens { get; init; }

    public required IReadOnlyList<string> Stop { get; init; }

    /// <summary>Those of <see cref="Stop"/> that the caller gave, and is told of.</summary>
    public IReadOnlyList<string> OwnStop { get; init; } = [];

    /// <summary>Label of the metrics: which route asks.</summary>
    public string Api { get; init; } = "other";

    /// <summary>Time of the answer from its first token on; null is without such a limit.</summary>
    public TimeSpan? PredictTime { get; init; }

    /// <summary>Log probabilities of each token are wanted, with so many alternatives; null is none.</summary>
    public int? TopLogProbabilities { get; init; }

    /// <summary>Each piece of text has counts and times.</summary>
    public bool TimesUpdates { get; init; }

    /// <summary>May begin with what is stored of other sequences.</summary>
    public bool ReusesPrompt { get; init; } = true;

    /// <summary>Makes the vector of the prompt, which is wanted instead of an answer; null is an answer.</summary>
    public EmbeddingPool? Pool { get; init; }

    /// <summary>Time that the request waited for its model to be loaded.</summary>
    public TimeSpan LoadTime { get; init; }

    /// <summary>How calls of tools are written; null when none can be made.</summary>
    public CallPlan? Calls { get; init; }

    /// <summary>How thoughts are told from the answer; null when all of it is answer.</summary>
    public ThinkPlan? Thinking { get; init; }

    /// <summary>Each piece of text has counts: they tell how many tokens thoughts took.</summary>
    public bool CountsUpdates => TimesUpdates || Thinking is not null;
}
