namespace LlavaServer.Cli.Eval.Reports;

/// <summary>The JSON file of <c>llava eval --json</c>, which <c>llava eval plot</c> reads.</summary>
internal sealed record EvalResultFile
{
    /// <summary>Changes when the meaning of a field does.</summary>
    public int Format { get; init; } = 1;

    public required IReadOnlyList<EvalResult> Results { get; init; }
}
