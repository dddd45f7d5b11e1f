using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Reports;

namespace LlavaServer.Cli.Eval.Plotting;

/// <summary>Makes a radar chart of results: an axis for each set; with one set only, an axis for each of its categories.</summary>
internal static class RadarOfResults
{
    /// <exception cref="VerbException">Fewer than three axes, or a file name that is neither .svg nor .png.</exception>
    public static void Write(string path, string title, IReadOnlyList<EvalResult> results)
    {
        var chart = Chart(title, results);
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".svg":
                File.WriteAllText(path, chart.ToSvg());
                break;
            case ".png":
                File.WriteAllBytes(path, chart.ToPng());
                break;
            default:
                throw WrongName(path);
        }
    }

    public static VerbException WrongName(string path) => new(ExitCodes.WrongUsage, $"--radar: {path} ends neither in .svg nor in .png.");

    internal static RadarChart Chart(string title, IReadOnlyList<EvalResult> results)
    {
        var scored = results.Where(static result => result.Score is not null).ToList();
        var models = scored.Select(static result => result.Model).Distinct(StringComparer.Ordinal).ToList();
        var cells = scored.Select(static result => result.Set).Distinct(StringComparer.Ordinal).Count() == 1
            ? [.. scored.SelectMany(static result => result.Score!.Categories.Select(category => (Key: category.Name, Title: category.Name, result.Score.Headline, category.Best, result.Model, category.Value)))]
            : scored.Select(static result => (Key: result.Set, result.Title, result.Score!.Headline, result.Score.Best, result.Model, result.Score.Value)).ToList();
        var axes = cells.GroupBy(static cell => cell.Key).ToList();
        if (axes.Count < RadarChart.FewestAxes)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"--radar: a radar plot needs {RadarChart.FewestAxes} axes, sets or categories of one set; there are {axes.Count}.");
        }

        return new RadarChart(
            title,
            [.. axes.Select(static axis => new RadarAxis(axis.First().Title, Unit(axis.First().Headline, axis.First().Best), Math.Max(axis.Max(static cell => cell.Best), axis.Max(static cell => cell.Value))))],
            [.. models.Select(model => new RadarSeries(model, [.. axes.Select(axis => Value(axis.Where(cell => cell.Model == model).Select(static cell => cell.Value)))]))]);
    }

    private static string Unit(string headline, double best) => best == 100 ? headline : $"{headline} of {best:0}";

    // Of two results of a model on a set the later one counts.
    private static double? Value(IEnumerable<double> values) => values.Select(static value => (double?)value).LastOrDefault();
}
