namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>One direction of a radar chart.</summary>
/// <param name="Title">For example <c>POPE</c>.</param>
/// <param name="Unit">Which figure it is, for example <c>F1</c>.</param>
/// <param name="Best">The value at the outer ring; the inner end is 0.</param>
internal sealed record RadarAxis(string Title, string Unit, double Best);
