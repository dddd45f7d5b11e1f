using LlavaServer.Cli.Eval;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Cli.Eval;

public sealed class EvaluationPageTests
{
    [Fact]
    public void Page_NamesEverySetAndOnlyOptionsThatExist()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Top!, "docs", "evaluation.md"));
        var verb = EvalVerb.Create();
        var sets = verb.Options.Single(static option => option.Name == "--set").GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Select(static item => item.Label).ToList();
        Assert.NotEmpty(sets);
        Assert.All(sets, set => Assert.Contains($"\n| `{set}` |", page, StringComparison.Ordinal));
        var options = verb.Options.Concat(verb.Subcommands.SelectMany(static command => command.Options)).SelectMany(static option => option.Aliases.Append(option.Name)).ToHashSet();
        Assert.All(
            System.Text.RegularExpressions.Regex.Matches(string.Concat(page.Split('\n').Where(static line => !line.Contains("LlavaServer.Training", StringComparison.Ordinal))), "--[a-z][a-z-]+").Select(static match => match.Value).Distinct(),
            option => Assert.Contains(option, options));
    }
}
