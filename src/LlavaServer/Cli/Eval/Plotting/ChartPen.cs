namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>How a line is drawn; widths in pixels.</summary>
internal readonly record struct ChartPen(string Color, double Width, bool IsDashed = false);
