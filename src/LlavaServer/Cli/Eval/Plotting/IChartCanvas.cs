namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>What a chart is drawn on. Pixels from the upper left corner; colors as <c>#RRGGBB</c>. Owned by one drawing.</summary>
internal interface IChartCanvas
{
    void Polygon(IReadOnlyList<ChartPoint> points, ChartPen pen, string? fill = null, double fillOpacity = 1, bool isClosed = true);

    void Circle(ChartPoint center, double radius, ChartPen pen, string fill);

    /// <param name="at">On the base line.</param>
    /// <param name="anchor">-1: the text begins there, 0: its middle is there, 1: it ends there.</param>
    /// <param name="size">Height of the letters' body.</param>
    /// <param name="runs">Parts that follow each other, each in its color.</param>
    void Text(ChartPoint at, int anchor, double size, IReadOnlyList<ChartText> runs);
}
