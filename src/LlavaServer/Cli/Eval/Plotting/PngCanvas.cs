using SkiaSharp;

namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>Draws a chart as a PNG picture, two dots a pixel each way. Owned by one drawing.</summary>
internal sealed class PngCanvas : IChartCanvas, IDisposable
{
    private const float DotsPerPixel = 2;
    private readonly SKBitmap _bitmap;
    private readonly SKCanvas _canvas;
    private readonly SKTypeface _regular;
    private readonly SKTypeface _bold;

    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="regular">Font for text; owned by the canvas from here on.</param>
    /// <param name="bold">Font for text that stands out; likewise.</param>
    public PngCanvas(double width, double height, SKTypeface regular, SKTypeface bold)
    {
        (_regular, _bold) = (regular, bold);
        _bitmap = new SKBitmap((int)(width * DotsPerPixel), (int)(height * DotsPerPixel));
        _canvas = new SKCanvas(_bitmap);
        _canvas.Clear(SKColors.White);
        _canvas.Scale(DotsPerPixel);
    }

    public void Polygon(IReadOnlyList<ChartPoint> points, ChartPen pen, string? fill = null, double fillOpacity = 1, bool isClosed = true)
    {
        using var path = new SKPathBuilder();
        path.MoveTo((float)points[0].X, (float)points[0].Y);
        foreach (var point in points.Skip(1))
        {
            path.LineTo((float)point.X, (float)point.Y);
        }

        if (isClosed)
        {
            path.Close();
        }

        using var shape = path.Detach();
        if (fill is not null)
        {
            using var paint = new SKPaint { Color = SKColor.Parse(fill).WithAlpha((byte)(255 * fillOpacity)), IsAntialias = true };
            _canvas.DrawPath(shape, paint);
        }

        if (pen.Width > 0)
        {
            using var paint = Stroke(pen);
            _canvas.DrawPath(shape, paint);
        }
    }

    public void Circle(ChartPoint center, double radius, ChartPen pen, string fill)
    {
        using var inside = new SKPaint { Color = SKColor.Parse(fill), IsAntialias = true };
        _canvas.DrawCircle((float)center.X, (float)center.Y, (float)radius, inside);
        if (pen.Width > 0)
        {
            using var paint = Stroke(pen);
            _canvas.DrawCircle((float)center.X, (float)center.Y, (float)radius, paint);
        }
    }

    public void Text(ChartPoint at, int anchor, double size, IReadOnlyList<ChartText> runs)
    {
        using var regular = new SKFont(_regular, (float)size);
        using var bold = new SKFont(_bold, (float)size);
        var width = runs.Sum(run => (run.IsBold ? bold : regular).MeasureText(run.Text));
        var x = (float)at.X - (width * (anchor + 1) / 2);
        foreach (var run in runs)
        {
            var font = run.IsBold ? bold : regular;
            using var paint = new SKPaint { Color = SKColor.Parse(run.Color), IsAntialias = true };
            _canvas.DrawText(run.Text, x, (float)at.Y, SKTextAlign.Left, font, paint);
            x += font.MeasureText(run.Text);
        }
    }

    public byte[] Finish()
    {
        _canvas.Flush();
        using var data = _bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public void Dispose()
    {
        _canvas.Dispose();
        _bitmap.Dispose();
        _regular.Dispose();
        _bold.Dispose();
    }

    private static SKPaint Stroke(ChartPen pen) => new()
    {
        Color = SKColor.Parse(pen.Color),
        StrokeWidth = (float)pen.Width,
        Style = SKPaintStyle.Stroke,
        StrokeJoin = SKStrokeJoin.Round,
        IsAntialias = true,
        PathEffect = pen.IsDashed ? SKPathEffect.CreateDash([7, 4], 0) : null,
    };
}
