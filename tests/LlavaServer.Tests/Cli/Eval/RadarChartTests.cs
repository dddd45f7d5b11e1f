using System.Xml.Linq;
using LlavaServer.Cli;
using LlavaServer.Cli.Eval.Benchmarks;
using LlavaServer.Cli.Eval.Plotting;
using LlavaServer.Cli.Eval.Reports;
using SkiaSharp;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class RadarChartTests : IDisposable
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";
    private readonly EvalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ToSvg_TwoModels_EveryValueAndNameIsThereAndPointsAreAtTheirShare()
    {
        var svg = XDocument.Parse(Chart().ToSvg());
        var texts = svg.Descendants(s_svg + "text").Select(static text => text.Value).ToList();
        foreach (var expected in (string[])["Models & <sets>", "small", "large", "POPE  F1", "MME  score of 400", "GQA  accuracy", "86.0   91.5", "300.0   –", "50.0   0.0"])
        {
            Assert.Contains(expected, texts);
        }

        // The first model: 86 % of the first axis, which points up, then 300 of 400, then half.
        var polygon = svg.Descendants(s_svg + "polygon").Single(static shape => (string?)shape.Attribute("fill") == "#0072B2");
        var points = ((string)polygon.Attribute("points")!).Split(' ').Select(static point => point.Split(',').Select(double.Parse).ToArray()).ToList();
        var grid = ((string)svg.Descendants(s_svg + "polygon").First().Attribute("points")!).Split(' ').Select(static point => point.Split(',').Select(double.Parse).ToArray()).ToList();
        var center = grid.Average(static point => point[1]);
        Assert.Equal(0.86, (center - points[0][1]) / (center - grid[0][1]), 2);
        Assert.Equal(0.75, (points[1][1] - center) / (grid[1][1] - center), 2);
        Assert.Equal(0.50, (points[2][1] - center) / (grid[2][1] - center), 2);
    }

    [Fact]
    public void ToPng_SameChart_HasThePlotsColors()
    {
        byte[] png;
        try
        {
            png = Chart().ToPng();
        }
        catch (LlavaServer.Cli.Client.VerbException failure)
        {
            Assert.Skip(failure.Message);
            return;
        }

        using var picture = SKBitmap.Decode(png);
        Assert.Equal(1800, picture.Width);
        Assert.Equal(SKColors.White, picture.GetPixel(2, 2));
        foreach (var color in (string[])["#0072B2", "#D55E00"])
        {
            Assert.Contains(picture.Pixels, pixel => pixel == SKColor.Parse(color));
        }
    }

    [Fact]
    public async Task Plot_SeveralFiles_BecomeOneChart()
    {
        var first = _folder.Write("1.json", EvalReport.ToJson([Result("pope", "a", 90), Result("gqa", "a", 60), Result("mme", "a", 1000)]));
        var second = _folder.Write("2.json", EvalReport.ToJson([Result("pope", "b", 80)]));
        Assert.Equal(0, await CommandLine.RunAsync(["eval", "plot", first, second, "--radar", _folder.Path("r.svg"), "--title", "Both"]));
        Assert.Contains("90.0", File.ReadAllText(_folder.Path("r.svg")), StringComparison.Ordinal);

        Assert.Equal(2, await CommandLine.RunAsync(["eval", "plot", second, "--radar", _folder.Path("r.svg")]));
        Assert.Equal(2, await CommandLine.RunAsync(["eval", "plot", first, "--radar", _folder.Path("r.gif")]));
        Assert.Equal(2, await CommandLine.RunAsync(["eval", "plot", _folder.Write("no.json", "[]"), "--radar", _folder.Path("r.svg")]));
    }

    [Fact]
    public void Json_ThereAndBack_IsTheSame()
    {
        EvalResult[] results = [Result("pope", "a", 90), Result("gqa", "b", 60) with { Score = null }];
        var again = EvalReport.FromJson(_folder.Write("1.json", EvalReport.ToJson(results)));
        Assert.Equal(EvalReport.ToJson(results), EvalReport.ToJson(again));
        Assert.Equal(90, again[0].Score!.Value);
    }

    private static RadarChart Chart() => new(
        "Models & <sets>",
        [new("POPE", "F1", 100), new("MME", "score of 400", 400), new("GQA", "accuracy", 100)],
        [new("small", [86, 300, 50]), new("large", [91.5, null, 0])]);

    private static EvalResult Result(string set, string model, double value) => new()
    {
        Set = set,
        Title = set,
        Model = model,
        Questions = 1,
        Answered = 1,
        Failed = 0,
        Temperature = 0,
        MaxTokens = 128,
        Answers = "a.jsonl",
        Score = new EvalScore { Headline = "x", Value = value, Best = set == "mme" ? 2800 : 100, Figures = [new("x", value)], Categories = [new EvalCategory { Name = "c", Questions = 1, Value = value }] },
    };
}
