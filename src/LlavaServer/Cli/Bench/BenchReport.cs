using System.Globalization;
using System.Text.Json;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Bench;

/// <summary>Writes results as people or programs read them.</summary>
internal static class BenchReport
{
    public const string Table = "table";
    public const string Csv = "csv";
    public const string Json = "json";

    public static void Write(TextWriter output, IReadOnlyList<BenchResult> results, string format)
    {
        switch (format)
        {
            case Json:
                output.WriteLine(JsonSerializer.Serialize(results, BenchJson.Default.IReadOnlyListBenchResult));
                break;
            case Csv:
                output.WriteLine("model,quantization,engine,device,threads,server,pictures,prompt_tokens,tokens,concurrency,figure,unit,median,p95,least,most,samples");
                foreach (var result in results)
                {
                    foreach (var figure in result.Figures)
                    {
                        output.WriteLine(string.Join(',', Cells(result, figure).Select(Quoted)));
                    }
                }

                break;
            default:
                foreach (var result in results)
                {
                    output.WriteLine(TerminalText.Harmless(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{result.Model} ({result.ParameterSize} {result.Quantization}), engine {result.Engine} on {result.Device}, {result.Threads} threads, server {result.Server}")));
                    TerminalText.WriteColumns(output, [["FIGURE", "UNIT", "MEDIAN", "P95", "LEAST", "MOST"], .. result.Figures.Select(static figure =>
                        new[] { figure.Name, figure.Unit, Number(figure.Median), Number(figure.P95), Number(figure.Least), Number(figure.Most) })]);
                }

                break;
        }
    }

    private static object[] Cells(BenchResult result, BenchFigure figure) =>
    [
        result.Model, result.Quantization, result.Engine, result.Device, result.Threads, result.Server, result.Pictures, result.PromptTokens, result.Tokens, result.Concurrency,
        figure.Name, figure.Unit, figure.Median, figure.P95, figure.Least, figure.Most, figure.Samples,
    ];

    private static string Number(double value) => value.ToString(value >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture);

    // RFC 4180.
    private static string Quoted(object cell)
    {
        var text = Convert.ToString(cell, CultureInfo.InvariantCulture)!;
        return text.AsSpan().IndexOfAny(",\"\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
