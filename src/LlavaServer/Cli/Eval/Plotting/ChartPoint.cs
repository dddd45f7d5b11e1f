namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>A place on a chart, in pixels.</summary>
internal readonly record struct ChartPoint(double X, double Y);
