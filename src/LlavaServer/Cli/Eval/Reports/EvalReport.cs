using System.Text.Json;
using System.Text.Json.Serialization;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Eval.Reports;

/// <summary>Results as people and as programs read them.</summary>
internal static class EvalReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonLines.WritingIndented)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        Converters = { new FigureConverter() },
    };

    public static void WriteTable(TextWriter output, IReadOnlyList<EvalResult> results)
    {
        var figures = results.SelectMany(static result => result.Score?.Figures ?? []).Select(static figure => figure.Key).Distinct().ToList();
        var rows = new List<IReadOnlyList<string>> { new[] { "SET", "MODEL", "ANSWERED" }.Concat(figures.Select(static figure => figure.ToUpperInvariant())).ToList() };
        foreach (var result in results)
        {
            AddRow(result.Set, result.Model, $"{result.Answered}/{result.Questions}", result.Score?.Figures ?? []);
            foreach (var category in result.Score?.Categories ?? [])
            {
                AddRow("  " + category.Name, result.Model, $"{category.Questions}", category.Figures);
            }
        }

        TerminalText.WriteColumns(output, rows);

        void AddRow(string set, string model, string answered, IReadOnlyList<KeyValuePair<string, double>> values)
        {
            var byName = JsonLines.ByKey(values, static figure => figure.Key, static figure => figure.Value);
            rows.Add([set, model, answered, .. figures.Select(figure => byName.TryGetValue(figure, out var value) ? Number(value) : "")]);
        }
    }

    public static string ToJson(IReadOnlyList<EvalResult> results) => JsonSerializer.Serialize(new EvalResultFile { Results = results }, s_json);

    /// <exception cref="VerbException">The file is none of results.</exception>
    public static IReadOnlyList<EvalResult> FromJson(string path)
    {
        try
        {
            var text = JsonLines.Guard(path, () => File.ReadAllBytes(path));
            var results = (JsonLines.IsText(text) ? JsonSerializer.Deserialize<EvalResultFile>(text, s_json)?.Results : null) ?? throw new JsonException("It is null, or no text.");
            return results.All(static result => result?.Score?.Categories.All(static category => category is not null) != false && result is not null)
                ? results
                : throw new JsonException("An item is null.");
        }
        catch (JsonException failure)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path} is no file of results: {failure.Message}");
        }
    }

    /// <summary>As many digits as a plot has room for.</summary>
    public static string Short(double value) => Math.Abs(value) >= 1000 ? value.ToString("0") : value.ToString("0.0");

    public static string Number(double value) => Math.Round(value, 2, MidpointRounding.ToEven).ToString("0.0#");
}
