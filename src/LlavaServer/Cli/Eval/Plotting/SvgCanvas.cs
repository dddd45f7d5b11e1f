using System.Security;
using System.Text;

namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>Writes a chart as an SVG 1.1 file without scripts, fonts or references to elsewhere. Owned by one drawing.</summary>
internal sealed class SvgCanvas : IChartCanvas
{
    private readonly StringBuilder _svg = new();

    public SvgCanvas(double width, double height) => _svg.Append(
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{N(width)}" height="{N(height)}" viewBox="0 0 {N(width)} {N(height)}" font-family="DejaVu Sans, Verdana, Arial, sans-serif">
        <rect width="100%" height="100%" fill="#FFFFFF"/>

        """);

    public void Polygon(IReadOnlyList<ChartPoint> points, ChartPen pen, string? fill = null, double fillOpacity = 1, bool isClosed = true) => _svg.Append(
        $"""<{(isClosed ? "polygon" : "polyline")} points="{string.Join(' ', points.Select(static point => $"{N(point.X)},{N(point.Y)}"))}" fill="{fill ?? "none"}" fill-opacity="{N(fillOpacity)}" {Stroke(pen)}/>{"\n"}""");

    public void Circle(ChartPoint center, double radius, ChartPen pen, string fill) =>
        _svg.Append($"""<circle cx="{N(center.X)}" cy="{N(center.Y)}" r="{N(radius)}" fill="{fill}" {Stroke(pen)}/>{"\n"}""");

    public void Text(ChartPoint at, int anchor, double size, IReadOnlyList<ChartText> runs) => _svg.Append(
        $"""<text x="{N(at.X)}" y="{N(at.Y)}" font-size="{N(size)}" text-anchor="{(anchor < 0 ? "start" : anchor > 0 ? "end" : "middle")}" xml:space="preserve">{string.Concat(runs.Select(Run))}</text>{"\n"}""");

    public string Finish() => _svg + "</svg>\n";

    private static string Run(ChartText run) =>
        $"""<tspan fill="{run.Color}"{(run.IsBold ? " font-weight=\"bold\"" : "")}>{SecurityElement.Escape(string.Concat(run.Text.Where(static c => !char.IsControl(c))))}</tspan>""";

    private static string Stroke(ChartPen pen) => pen.Width == 0 ? "stroke=\"none\""
        : $"stroke=\"{pen.Color}\" stroke-width=\"{N(pen.Width)}\" stroke-linejoin=\"round\"{(pen.IsDashed ? " stroke-dasharray=\"7 4\"" : "")}";

    private static string N(double value) => value.ToString("0.##");
}
