namespace LlavaServer.Cli.Bench;

/// <summary>What was measured of one model, and on what. Immutable; its JSON stays comparable from version to version.</summary>
internal sealed record BenchResult
{
    public required string Model { get; init; }

    public required string Quantization { get; init; }

    public required string ParameterSize { get; init; }

    public required string Engine { get; init; }

    public required string Device { get; init; }

    public required int Threads { get; init; }

    /// <summary>Version of the server.</summary>
    public required string Server { get; init; }

    /// <summary>Version of this program.</summary>
    public required string Client { get; init; }

    public required DateTimeOffset MeasuredAt { get; init; }

    public required int Pictures { get; init; }

    public required int PromptTokens { get; init; }

    public required int Tokens { get; init; }

    public required int Concurrency { get; init; }

    public required IReadOnlyList<BenchFigure> Figures { get; init; }
}
