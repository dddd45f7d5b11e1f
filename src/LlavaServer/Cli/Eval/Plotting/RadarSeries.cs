namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>One model of a radar chart: a value for each axis, null where it has none.</summary>
internal sealed record RadarSeries(string Name, IReadOnlyList<double?> Values);
