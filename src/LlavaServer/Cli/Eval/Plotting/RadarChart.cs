using LlavaServer.Cli.Eval.Reports;

namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>
/// Several models on several sets: an axis for each set from 0 in the middle to the best possible value at the outer ring, every value written beside its
/// axis. Colors are those of Okabe and Ito (2008), which people with the usual kinds of color blindness tell apart; from the eighth model on lines are dashed.
/// </summary>
internal sealed class RadarChart(string title, IReadOnlyList<RadarAxis> axes, IReadOnlyList<RadarSeries> models)
{
    public const int FewestAxes = 3;

    private const string Ink = "#222222";
    private const string Soft = "#6B6B6B";
    private const string Grid = "#D9D9D9";
    private const double Radius = 230;
    private const double LegendRow = 24;
    private const int ValuesPerLine = 3;
    private const int Rings = 5;
    private static readonly string[] s_colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"];

    private static double Width => 900;

    private double Top => 62 + (LegendRow * models.Count);

    private double LabelHeight => 44 + (18 * ((models.Count + ValuesPerLine - 1) / ValuesPerLine));

    private double Height => Top + (2 * (Radius + LabelHeight)) + 16;

    private ChartPoint Center => new(Width / 2, Top + LabelHeight + Radius);

    public string ToSvg()
    {
        var canvas = new SvgCanvas(Width, Height);
        Draw(canvas);
        return canvas.Finish();
    }

    public byte[] ToPng()
    {
        var (regular, bold) = ChartFonts.Load();
        using var canvas = new PngCanvas(Width, Height, regular, bold);
        Draw(canvas);
        return canvas.Finish();
    }

    private void Draw(IChartCanvas canvas)
    {
        canvas.Text(new(32, 40), -1, 20, [new(title, Ink, IsBold: true)]);
        DrawLegend(canvas);
        DrawGrid(canvas);
        for (var i = 0; i < models.Count; i++)
        {
            DrawModel(canvas, models[i], s_colors[i % s_colors.Length], i >= s_colors.Length);
        }

        for (var i = 0; i < axes.Count; i++)
        {
            DrawLabel(canvas, i);
        }
    }

    private void DrawLegend(IChartCanvas canvas)
    {
        for (var i = 0; i < models.Count; i++)
        {
            var y = 66 + (LegendRow * i);
            var color = s_colors[i % s_colors.Length];
            canvas.Polygon([new(34, y), new(66, y)], new(color, 3, i >= s_colors.Length), isClosed: false);
            canvas.Circle(new(50, y), 4.5, new("#FFFFFF", 1.2), color);
            canvas.Text(new(76, y + 5), -1, 15, [new(models[i].Name, Ink)]);
        }
    }

    private void DrawGrid(IChartCanvas canvas)
    {
        for (var ring = Rings; ring >= 1; ring--)
        {
            var share = (double)ring / Rings;
            canvas.Polygon([.. Enumerable.Range(0, axes.Count).Select(axis => At(axis, share))], new(Grid, ring == Rings ? 1.6 : 1), ring == Rings ? "#FAFAFA" : null);
        }

        for (var axis = 0; axis < axes.Count; axis++)
        {
            canvas.Polygon([Center, At(axis, 1)], new(Grid, 1), isClosed: false);
        }

        // Between the first two axes, where no line of the grid runs.
        for (var ring = 1; ring <= Rings; ring++)
        {
            var (first, second) = (At(0, (double)ring / Rings), At(1, (double)ring / Rings));
            canvas.Text(new(first.X + ((second.X - first.X) * 0.08) + 2, first.Y + ((second.Y - first.Y) * 0.08) + 12), -1, 10.5, [new($"{100 * ring / Rings} %", Soft)]);
        }
    }

    private void DrawModel(IChartCanvas canvas, RadarSeries model, string color, bool isDashed)
    {
        var points = model.Values.Select((value, axis) => value is { } number ? At(axis, Math.Clamp(number / axes[axis].Best, 0, 1)) : (ChartPoint?)null).ToList();
        var pen = new ChartPen(color, 2.4, isDashed);
        if (points.TrueForAll(static point => point is not null))
        {
            canvas.Polygon([.. points.Select(static point => point!.Value)], pen, color, 0.08);
        }
        else
        {
            for (var axis = 0; axis < axes.Count; axis++)
            {
                if (points[axis] is { } from && points[(axis + 1) % axes.Count] is { } to)
                {
                    canvas.Polygon([from, to], pen, isClosed: false);
                }
            }
        }

        foreach (var point in points.OfType<ChartPoint>())
        {
            canvas.Circle(point, 4.5, new("#FFFFFF", 1.2), color);
        }
    }

    private void DrawLabel(IChartCanvas canvas, int axis)
    {
        var (x, y) = (Math.Sin(Angle(axis)), -Math.Cos(Angle(axis)));
        var anchor = x > 0.25 ? -1 : x < -0.25 ? 1 : 0;
        var lines = (models.Count + ValuesPerLine - 1) / ValuesPerLine;
        var height = 18 + (18 * lines);
        var at = new ChartPoint(Center.X + (x * (Radius + 18)), Center.Y + (y * (Radius + 18)) + 13 - (height * (1 - y) / 2));
        canvas.Text(at, anchor, 15, [new(axes[axis].Title, Ink, IsBold: true), new($"  {axes[axis].Unit}", Soft)]);
        for (var line = 0; line < lines; line++)
        {
            var runs = new List<ChartText>();
            for (var i = line * ValuesPerLine; i < Math.Min(models.Count, (line + 1) * ValuesPerLine); i++)
            {
                runs.Add(new((runs.Count == 0 ? "" : "   ") + (models[i].Values[axis] is { } value ? EvalReport.Short(value) : "–"), s_colors[i % s_colors.Length], IsBold: true));
            }

            canvas.Text(new(at.X, at.Y + (18 * (line + 1))), anchor, 14, runs);
        }
    }

    private double Angle(int axis) => 2 * Math.PI * axis / axes.Count;

    private ChartPoint At(int axis, double share) =>
        new(Center.X + (Math.Sin(Angle(axis)) * Radius * share), Center.Y - (Math.Cos(Angle(axis)) * Radius * share));
}
