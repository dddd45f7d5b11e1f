namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>A part of a set with a score of its own.</summary>
internal sealed record EvalCategory
{
    public required string Name { get; init; }

    public required int Questions { get; init; }

    public required double Value { get; init; }

    /// <summary>The best possible <see cref="Value"/>.</summary>
    public double Best { get; init; } = 100;

    public IReadOnlyList<KeyValuePair<string, double>> Figures { get; init; } = [];
}
