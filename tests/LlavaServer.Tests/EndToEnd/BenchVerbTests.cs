using System.Text;
using System.Text.Json;
using LlavaServer.Cli.Bench;

namespace LlavaServer.Tests.EndToEnd;

/// <summary><c>llava bench</c> against the real server, and its page under docs.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class BenchVerbTests(BundledServer server)
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Top!, "docs", "benchmark.md"));
    private static readonly string[] s_small = ["--repeat", "2", "--warmup", "0", "--tokens", "4", "--prompt-tokens", "8"];

    [Fact]
    public async Task Bench_SeveralAtOnce_FiguresOfThePageAndNoOthers()
    {
        var result = Assert.Single(JsonElement.Parse(await RunAsync(0, ["--format", "json", "--concurrency", "2", .. s_small])).EnumerateArray());
        var figures = result.GetProperty("figures").EnumerateArray().ToDictionary(static figure => figure.GetProperty("name").GetString()!);
        Assert.Equal(
            ["first_token", "first_token_known_picture", "picture_encoding", "picture_encoding_known_picture", "prefill", "decode", "total", "queue", "requests"], figures.Keys);
        Assert.All(figures.Keys, static name => Assert.Contains($"| `{name}` |", s_page, StringComparison.Ordinal));
        Assert.All(figures.Values.SelectMany(static figure => figure.EnumerateObject()).Select(static member => member.Name).Distinct(), AssertOnPage);
        Assert.All(result.EnumerateObject().Select(static member => member.Name), AssertOnPage);
        Assert.Equal(0, figures["picture_encoding_known_picture"].GetProperty("median").GetDouble());
        Assert.True(figures["picture_encoding"].GetProperty("least").GetDouble() > 0);
        Assert.Equal(4, figures["first_token"].GetProperty("samples").GetInt32());
        Assert.All(figures.Values, static figure => Assert.True(
            figure.GetProperty("least").GetDouble() <= figure.GetProperty("median").GetDouble() && figure.GetProperty("p95").GetDouble() <= figure.GetProperty("most").GetDouble()));
        Assert.Equal(("F16", "cpu", "cpu"), (result.GetProperty("quantization").GetString(), result.GetProperty("engine").GetString(), result.GetProperty("device").GetString()));

        static void AssertOnPage(string member) => Assert.Contains($"`{member}`", s_page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_TableAndCsv_WithAPictureOfOnesOwn()
    {
        var picture = Path.Combine(TestPicture.Folder, TestPicture.RedCircle.FileName);
        var table = await RunAsync(0, ["--image", picture, .. s_small]);
        Assert.StartsWith("llava-mini (4.15M F16), engine cpu on cpu, ", table, StringComparison.Ordinal);
        Assert.Matches(@"\nFIGURE +UNIT +MEDIAN +P95 +LEAST +MOST\nfirst_token +ms +[0-9.]+ ", table);
        var csv = (await RunAsync(0, ["--format", "csv", "--images", "0", .. s_small])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(csv, static line => Assert.Equal(17, line.Split(',').Length));
        Assert.DoesNotContain(csv, static line => line.Contains("picture_encoding", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--repeat", "0")]
    [InlineData("--tokens", "many")]
    [InlineData("--format", "xml")]
    [InlineData("--image", "/no/such.png")]
    public Task Bench_Mistakes_Exit2(params string[] arguments) => RunAsync(2, arguments);

    [Fact]
    public void Page_HasTheOptionsOfTheVerb()
    {
        var options = BenchVerb.Create().Options.Select(static option => option.Name).Except(["--host", "--api-key"]);
        Assert.All(options, static option => Assert.Contains($"| `{option}` |", s_page, StringComparison.Ordinal));
    }

    private async Task<string> RunAsync(int exitCode, string[] arguments)
    {
        var (code, output, errors) = await Tool.RunAsync(
            AppContext.BaseDirectory, "dotnet", [Path.Combine(AppContext.BaseDirectory, "llava.dll"), "bench", BundledServer.Model, .. arguments, "--host", server.Address.Authority]);
        Assert.True(code == exitCode, $"{code}: {errors}");
        return Encoding.UTF8.GetString(output).ReplaceLineEndings("\n");
    }
}
