using System.Globalization;
using SkiaSharp;

namespace LlavaServer.Training.Plotting;

/// <summary>Draws a run's curves: the loss of each stage, and held-out accuracy per family over the instruction stage.</summary>
public static class LearningCurves
{
    private static readonly string[] Stages = ["tower", "language", "align", "instruct"];

    /// <summary>Writes losses.png and accuracy.png of <paramref name="run"/> into <paramref name="folder"/>.</summary>
    public static void Write(string run, string fonts, string folder)
    {
        Directory.CreateDirectory(folder);
        var files = Directory.EnumerateFiles(fonts, "*.ttf", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        using var typeface = SKTypeface.FromFile(files.Find(f => f.EndsWith("DejaVuSans.ttf", StringComparison.Ordinal)) ?? files[0]);
        var stages = Stages.Where(s => File.Exists(Path.Combine(run, s + ".csv"))).ToList();
        Save(Path.Combine(folder, "losses.png"), 900, 260 * ((stages.Count + 1) / 2), canvas =>
        {
            for (var i = 0; i < stages.Count; i++)
            {
                var rows = Read(Path.Combine(run, stages[i] + ".csv"));
                var chart = new LineChart(stages[i], "examples", "loss", Math.Max(0.1, Ceiling(rows.Select(r => r[3]))));
                chart.Add(stages[i], [.. rows.Select(r => (r[2], r[3]))]);
                float x = i % 2 * 450, y = i / 2 * 260;
                chart.Draw(canvas, new SKRect(x, y, x + 440, y + 260), typeface);
            }
        });
        var accuracy = Path.Combine(run, "held-out.csv");
        if (File.Exists(accuracy))
        {
            Save(Path.Combine(folder, "accuracy.png"), 900, 420, canvas => Accuracy(accuracy).Draw(canvas, new SKRect(0, 0, 900, 420), typeface));
        }
    }

    private static LineChart Accuracy(string path)
    {
        var chart = new LineChart("exact answers on held-out pictures", "conversations seen in the instruction stage", "%", 100);
        var points = File.ReadLines(path).Skip(1).Select(l => l.Split(',')).Where(f => f.Length == 6)
            .Select(f => (Examples: Number(f[2]), Family: f[3], Percent: 100 * Number(f[4]) / Number(f[5])));
        foreach (var family in points.GroupBy(p => p.Family))
        {
            chart.Add(family.Key, [.. family.Select(p => (p.Examples, p.Percent))]);
        }

        return chart;
    }

    private static void Save(string path, int width, int height, Action<SKCanvas> draw)
    {
        using var bitmap = new SKBitmap(width, height);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(SKColors.White);
            draw(canvas);
        }

        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        using var file = File.Create(path);
        data.SaveTo(file);
    }

    /// <summary>Rows of a curve; what a restart from an earlier checkpoint made again replaces what stood there.</summary>
    private static List<double[]> Read(string path)
    {
        var rows = new List<double[]>();
        foreach (var fields in File.ReadLines(path).Skip(1).Select(l => l.Split(',')).Where(f => f.Length == 6))
        {
            var row = Array.ConvertAll(fields, Number);
            while (rows.Count > 0 && rows[^1][2] >= row[2])
            {
                rows.RemoveAt(rows.Count - 1);
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>The 98th percentile with some room, so that the first steps do not flatten the rest.</summary>
    private static double Ceiling(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 1 : sorted[(int)((sorted.Count - 1) * 0.98)] * 1.1;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
