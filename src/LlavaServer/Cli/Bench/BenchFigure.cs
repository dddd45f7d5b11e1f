namespace LlavaServer.Cli.Bench;

/// <summary>One measured quantity of a model. Immutable.</summary>
/// <param name="Name">Its name, stable from version to version.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Median">Half of the samples are below.</param>
/// <param name="P95">95 % of the samples are at most so large (nearest rank).</param>
/// <param name="Least">The smallest sample.</param>
/// <param name="Most">The largest sample.</param>
/// <param name="Samples">How many there were.</param>
internal sealed record BenchFigure(string Name, string Unit, double Median, double P95, double Least, double Most, int Samples)
{
    /// <summary>Throws <see cref="ArgumentException"/> for no samples.</summary>
    public static BenchFigure Of(string name, string unit, IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
        {
            throw new ArgumentException("There are no samples.", nameof(values));
        }

        var median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        var p95 = sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1];
        return new BenchFigure(name, unit, Round(median), Round(p95), Round(sorted[0]), Round(sorted[^1]), sorted.Length);
    }

    private static double Round(double value) => Math.Round(value, 3);
}
