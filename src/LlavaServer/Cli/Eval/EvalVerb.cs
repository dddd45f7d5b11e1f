using System.CommandLine;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;
using LlavaServer.Cli.Eval.Benchmarks;
using LlavaServer.Cli.Eval.Plotting;
using LlavaServer.Cli.Eval.Reports;
using LlavaServer.Configuration;

namespace LlavaServer.Cli.Eval;

/// <summary><c>llava eval</c>: how well models answer question sets in LLaVA's formats, over any OpenAI-compatible server.</summary>
internal static class EvalVerb
{
    /// <summary>Where the judge's key is looked for: it is rarely that of the server under test.</summary>
    public const string JudgeKeyVariable = "LLAVA_JUDGE_API_KEY";

    public static Command Create()
    {
        var command = new Command("eval", "Ask models a picture question answering set and score their answers.");
        foreach (var option in EvalOptions.All)
        {
            command.Options.Add(option);
        }

        command.Subcommands.Add(EvalPlotVerb.Create());
        command.SetAction((parsed, cancellationToken) => GuardAsync(() => RunAsync(parsed, cancellationToken)));
        return command;
    }

    /// <summary>What a verb that cannot go on says, and its exit code.</summary>
    internal static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (VerbException failure)
        {
            await Console.Error.WriteLineAsync(TerminalText.Harmless(failure.Message));
            return failure.ExitCode;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(TerminalText.Harmless(failure.Message));
            return ExitCodes.Failed;
        }
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var benchmark = BenchmarkList.Find(parsed.GetValue(EvalOptions.Set)!)!;
        var models = parsed.GetValue(EvalOptions.Models) ?? [];
        var answerFiles = parsed.GetValue(EvalOptions.Answers) ?? [];
        if (models.Length == 0 == (answerFiles.Length == 0))
        {
            throw new VerbException(ExitCodes.WrongUsage, "Either --model, to ask, or --answers, to score what was answered before.");
        }

        if (parsed.GetValue(ClientVerb.ApiKey) is not null)
        {
            await Console.Error.WriteLineAsync("A key on the command line is seen by everybody on this machine: set LLAVA_API_KEY.");
        }

        if (parsed.GetValue(EvalOptions.Radar) is { } radar && Path.GetExtension(radar).ToLowerInvariant() is not (".svg" or ".png"))
        {
            throw RadarOfResults.WrongName(radar);
        }

        var inputs = Inputs(parsed);
        var questions = benchmark.Read(inputs);
        if (questions.Count == 0)
        {
            throw new VerbException(ExitCodes.WrongUsage, "The set has no questions.");
        }

        var session = new EvalSession(benchmark, inputs, questions, parsed);
        var results = new List<EvalResult>();
        if (answerFiles.Length > 0)
        {
            foreach (var file in answerFiles)
            {
                results.Add(await session.ScoreAsync(file, cancellationToken));
            }
        }
        else
        {
            RequirePictures(questions);
            foreach (var model in models)
            {
                results.Add(await session.AskAsync(model, models.Length > 1, cancellationToken));
            }
        }

        await WriteAsync(parsed, results, cancellationToken);
        var failed = results.Sum(static result => result.Failed);
        if (failed > 0)
        {
            await Console.Error.WriteLineAsync($"{failed} questions have no answer, see the files of failures; --resume asks them again.");
        }

        return failed == 0 ? ExitCodes.Done : session.Busy == failed ? ExitCodes.Busy : ExitCodes.Failed;
    }

    private static EvalInputs Inputs(ParseResult parsed) => new()
    {
        Questions = parsed.GetValue(EvalOptions.Questions),
        Images = parsed.GetValue(EvalOptions.Images),
        Labels = parsed.GetValue(EvalOptions.Labels),
        Split = parsed.GetValue(EvalOptions.Split)!,
        Limit = parsed.GetValue(EvalOptions.Limit),
        AllRounds = parsed.GetValue(EvalOptions.AllRounds),
        LetterPrompt = !parsed.GetValue(EvalOptions.NoLetterPrompt),
    };

    // Better before the first question than after the thousandth.
    private static void RequirePictures(IReadOnlyList<EvalQuestion> questions)
    {
        if (questions.Any(static question => question is { PictureName: not null, PicturePath: null }))
        {
            throw new VerbException(ExitCodes.WrongUsage, "--images is missing.");
        }

        var missing = questions.Where(static question => question.PicturePath is { } path && !File.Exists(path)).ToList();
        if (missing.Count > 0)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"--images: {missing.Count} of {questions.Count} pictures are missing, the first is {missing[0].PicturePath}.");
        }
    }

    private static async Task WriteAsync(ParseResult parsed, List<EvalResult> results, CancellationToken cancellationToken)
    {
        var json = parsed.GetValue(EvalOptions.Json);
        if (json == "-")
        {
            Console.Out.WriteLine(EvalReport.ToJson(results));
        }
        else
        {
            EvalReport.WriteTable(Console.Out, results);
            if (json is not null)
            {
                await File.WriteAllTextAsync(json, EvalReport.ToJson(results) + "\n", cancellationToken);
            }
        }

        if (parsed.GetValue(EvalOptions.Radar) is { } radar)
        {
            RadarOfResults.Write(radar, results[0].Title, results);
        }
    }

    internal static Uri Address(string? given, string option)
    {
        var text = given ?? ClientVerb.ConfiguredHost();
        return Uri.TryCreate(text, UriKind.Absolute, out var whole) && whole.Scheme is "http" or "https"
            ? whole
            : ServerAddress.TryParse(text, out var address) ? address.ClientUri : throw new VerbException(ExitCodes.WrongUsage, $"{option} must be an address such as 127.0.0.1:11434.");
    }
}
