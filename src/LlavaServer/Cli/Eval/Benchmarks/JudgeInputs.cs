using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>What judging pairs of answers needs (LLaVA-Bench). Immutable but for the endpoint, which one run owns.</summary>
internal sealed record JudgeInputs
{
    /// <summary>Answers that a model's are compared with.</summary>
    public required string Reference { get; init; }

    /// <summary>Captions that tell the judge what the pictures show.</summary>
    public required string Context { get; init; }

    /// <summary>LLaVA's rule.json: what the judge is asked, by category; null for this program's own wording.</summary>
    public string? Rule { get; init; }

    /// <summary>Reviews, one JSON object a line; what is there is not asked again.</summary>
    public required string Reviews { get; init; }

    public int Concurrency { get; init; } = 1;

    /// <summary>Null when only present reviews are counted.</summary>
    public ChatEndpoint? Endpoint { get; init; }
}
