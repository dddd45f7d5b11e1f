using System.CommandLine;
using LlavaServer.Cli.Client;
using LlavaServer.Inference.Images;

namespace LlavaServer.Cli.Bench;

/// <summary><c>llava bench</c>: how fast a server answers with each of some models.</summary>
internal static class BenchVerb
{
    private static readonly Argument<string[]> s_models = new("model") { Description = "Names of models.", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string?> s_image = new("--image") { Description = "Picture file. Default: pictures of noise.", HelpName = "path" };
    private static readonly Option<int> s_images = Number("--images", "Pictures of a question.", 1, 0, 16);
    private static readonly Option<int> s_promptTokens = Number("--prompt-tokens", "Tokens of text in a question, about.", 64, 1, 100_000);
    private static readonly Option<int> s_tokens = Number("--tokens", "Tokens of an answer.", 64, 1, 100_000);
    private static readonly Option<int> s_concurrency = Number("--concurrency", "Questions at the same time.", 1, 1, 256);
    private static readonly Option<int> s_repeat = Number("--repeat", "Measured rounds.", 5, 1, 10_000);
    private static readonly Option<int> s_warmUp = Number("--warmup", "Rounds before them.", 1, 0, 1000);
    private static readonly Option<string> s_format = new("--format") { Description = "table, csv or json.", HelpName = "format", DefaultValueFactory = static _ => BenchReport.Table };

    public static Command Create()
    {
        s_format.AcceptOnlyFromAmong(BenchReport.Table, BenchReport.Csv, BenchReport.Json);
        return ClientVerb.Create(
            "bench", "Measure how fast a server answers.", [s_models, s_image, s_images, s_promptTokens, s_tokens, s_concurrency, s_repeat, s_warmUp, s_format], RunAsync);
    }

    private static async Task<int> RunAsync(ServerClient client, ParseResult parsed, CancellationToken cancellationToken)
    {
        var plan = new BenchPlan(
            Picture(parsed.GetValue(s_image)), parsed.GetValue(s_images), parsed.GetValue(s_promptTokens), parsed.GetValue(s_tokens),
            parsed.GetValue(s_concurrency), parsed.GetValue(s_repeat), parsed.GetValue(s_warmUp));
        var results = new List<BenchResult>();
        foreach (var model in parsed.GetValue(s_models)!)
        {
            var done = 0;
            results.Add(await new Bencher(client, plan).MeasureAsync(model, () => Tell(model, ++done, plan.Repeat), cancellationToken));
        }

        BenchReport.Write(Console.Out, results, parsed.GetValue(s_format)!);
        return ExitCodes.Done;
    }

    // On a terminal one line that grows; else a line for each tenth.
    private static void Tell(string model, int done, int all)
    {
        var text = TerminalText.Harmless($"{model}: round {done} of {all}");
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write(done == all ? "\r\u001b[K" : $"\r\u001b[K{text}");
        }
        else if (done * 10 / all != (done - 1) * 10 / all)
        {
            Console.Error.WriteLine(text);
        }
    }

    private static byte[] Picture(string? path)
    {
        if (path is null)
        {
            return [];
        }

        try
        {
            var bytes = File.ReadAllBytes(path);
            return ImageFacts.TryRead(bytes, out _) ? bytes : throw new VerbException(ExitCodes.WrongUsage, $"{path}: no picture in a format that is read");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path}: cannot be read");
        }
    }

    private static Option<int> Number(string name, string description, int preset, int least, int most)
    {
        var option = new Option<int>(name) { Description = $"{description} Default {preset}.", HelpName = "n", DefaultValueFactory = _ => preset };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, out var value) || value < least || value > most))
            {
                result.AddError($"{name} must be {least} to {most}.");
            }
        });
        return option;
    }
}
