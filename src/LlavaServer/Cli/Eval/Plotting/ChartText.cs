namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>A part of a line of text.</summary>
internal readonly record struct ChartText(string Text, string Color, bool IsBold = false);
