namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>What a model reached on a set.</summary>
internal sealed record EvalScore
{
    /// <summary>Which of the figures stands for the set, for example <c>F1</c>.</summary>
    public required string Headline { get; init; }

    public required double Value { get; init; }

    /// <summary>The best possible <see cref="Value"/>.</summary>
    public double Best { get; init; } = 100;

    /// <summary>All figures of the whole set, in the order of the table.</summary>
    public required IReadOnlyList<KeyValuePair<string, double>> Figures { get; init; }

    /// <summary>The headline figure per category, where the set has categories.</summary>
    public IReadOnlyList<EvalCategory> Categories { get; init; } = [];
}
