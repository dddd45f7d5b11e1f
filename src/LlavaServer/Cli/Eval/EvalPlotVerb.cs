using System.CommandLine;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Plotting;
using LlavaServer.Cli.Eval.Reports;

namespace LlavaServer.Cli.Eval;

/// <summary><c>llava eval plot</c>: a table and a radar plot of results that <c>llava eval --json</c> wrote.</summary>
internal static class EvalPlotVerb
{
    public static Command Create()
    {
        var files = new Argument<string[]>("results") { Description = "JSON files of results.", Arity = ArgumentArity.OneOrMore };
        var radar = new Option<string>("--radar") { Description = "Where to draw: .svg or .png.", HelpName = "file", Required = true };
        var title = new Option<string>("--title") { Description = "Above the plot.", DefaultValueFactory = static _ => "Picture question answering" };
        var command = new Command("plot", "Draw results of llava eval --json.") { files, radar, title };
        command.SetAction((parsed, _) => EvalVerb.GuardAsync(() =>
        {
            IReadOnlyList<EvalResult> results = [.. parsed.GetValue(files)!.SelectMany(EvalReport.FromJson)];
            RadarOfResults.Write(parsed.GetValue(radar)!, parsed.GetValue(title)!, results);
            EvalReport.WriteTable(Console.Out, results);
            return Task.FromResult(ExitCodes.Done);
        }));
        return command;
    }
}
