using System.Globalization;
using SkiaSharp;

namespace LlavaServer.Training.Plotting;

/// <summary>A plain line chart for SkiaSharp: axes from zero, five marks each, a legend on the right.</summary>
public sealed class LineChart(string title, string xLabel, string yLabel, double yMax)
{
    private static readonly uint[] Colors =
    [
        0xFF1F77B4, 0xFFFF7F0E, 0xFF2CA02C, 0xFFD62728, 0xFF9467BD, 0xFF8C564B, 0xFFE377C2, 0xFF7F7F7F, 0xFFBCBD22, 0xFF17BECF, 0xFF000000, 0xFF4B0082,
        0xFF006400, 0xFFB8860B, 0xFFDC143C, 0xFF00008B,
    ];

    private readonly List<(string Name, IReadOnlyList<(double X, double Y)> Points)> _lines = [];

    public void Add(string name, IReadOnlyList<(double X, double Y)> points) => _lines.Add((name, points));

    /// <summary>Draws into <paramref name="area"/> of a canvas.</summary>
    public void Draw(SKCanvas canvas, SKRect area, SKTypeface typeface)
    {
        using var font = new SKFont(typeface, 12);
        using var ink = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        using var grid = new SKPaint { Color = new SKColor(0xFFDDDDDD), StrokeWidth = 1 };
        var legend = _lines.Count > 1 ? 110 : 16;
        var frame = new SKRect(area.Left + 58, area.Top + 26, area.Right - legend, area.Bottom - 44);
        var xMax = Math.Max(1e-9, _lines.SelectMany(l => l.Points).Select(p => p.X).DefaultIfEmpty(1).Max());
        canvas.DrawText(title, frame.MidX, area.Top + 16, SKTextAlign.Center, font, ink);
        canvas.DrawText(xLabel, frame.MidX, area.Bottom - 8, SKTextAlign.Center, font, ink);
        for (var i = 0; i <= 5; i++)
        {
            float x = frame.Left + (frame.Width * i / 5), y = frame.Bottom - (frame.Height * i / 5);
            canvas.DrawLine(frame.Left, y, frame.Right, y, grid);
            canvas.DrawLine(x, frame.Top, x, frame.Bottom, grid);
            canvas.DrawText(Mark(yMax * i / 5), frame.Left - 6, y + 4, SKTextAlign.Right, font, ink);
            canvas.DrawText(Mark(xMax * i / 5), x, frame.Bottom + 16, SKTextAlign.Center, font, ink);
        }

        canvas.DrawText(yLabel, area.Left + 6, area.Top + 16, SKTextAlign.Left, font, ink);
        for (var i = 0; i < _lines.Count; i++)
        {
            using var stroke = new SKPaint { Color = new SKColor(Colors[i % Colors.Length]), StrokeWidth = 1.6f, IsAntialias = true };
            SKPoint? before = null;
            foreach (var (x, y) in _lines[i].Points)
            {
                var at = new SKPoint((float)(frame.Left + (frame.Width * x / xMax)), (float)(frame.Bottom - (frame.Height * Math.Clamp(y / yMax, 0, 1))));
                if (before is { } from)
                {
                    canvas.DrawLine(from, at, stroke);
                }

                before = at;
            }

            if (_lines.Count > 1)
            {
                var y = frame.Top + 10 + (i * 17);
                canvas.DrawLine(frame.Right + 8, y, frame.Right + 26, y, stroke);
                canvas.DrawText(_lines[i].Name, frame.Right + 30, y + 4, SKTextAlign.Left, font, ink);
            }
        }
    }

    private static string Mark(double value) => value switch
    {
        >= 10_000 => (value / 1000).ToString("0.#", CultureInfo.InvariantCulture) + "k",
        >= 10 or 0 => value.ToString("0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.0#", CultureInfo.InvariantCulture),
    };
}
