using System.CommandLine;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;
using LlavaServer.Cli.Eval.Benchmarks;
using LlavaServer.Cli.Eval.Reports;

namespace LlavaServer.Cli.Eval;

/// <summary>One set, for one model after another: ask what is missing, score. Owned by one verb.</summary>
internal sealed class EvalSession(IBenchmark benchmark, EvalInputs inputs, IReadOnlyList<EvalQuestion> questions, ParseResult parsed)
{
    /// <summary>Questions that a busy server refused to the end.</summary>
    public int Busy { get; private set; }

    /// <summary>Asks a model and scores what it answers.</summary>
    public async Task<EvalResult> AskAsync(string model, bool isOneOfSeveral, CancellationToken cancellationToken)
    {
        var path = OutputPath(parsed.GetValue(EvalOptions.AnswersOut) ?? $"{benchmark.Name}-{{model}}.jsonl", model, isOneOfSeveral);
        if (File.Exists(path) && !parsed.GetValue(EvalOptions.Resume))
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path} exists: go on with it by --resume, or name another file with --answers-out.");
        }

        var failed = 0;
        using (var answers = AnswerFile.Open(path))
        {
            if (answers.Present.FirstOrDefault(answer => answer.ModelId != model) is { } other)
            {
                throw new VerbException(ExitCodes.WrongUsage, $"{path} has answers of {other.ModelId}, not of {model}.");
            }

            using var endpoint = new ChatEndpoint(Asking(model), TimeProvider.System);
            await EvalProgress.ShowAsync($"{benchmark.Name} {model}", async progress =>
            {
                var runner = new QuestionRunner(endpoint, model, parsed.GetValue(EvalOptions.Concurrency), progress);
                await runner.RunAsync(questions, answers, cancellationToken);
                failed = runner.Failed;
                Busy += runner.Busy;
            });
        }

        var (pairs, strangers) = AnswerMatch.Pair(questions, AnswerFile.Read(path));
        if (strangers == 0 && pairs.All(static pair => pair.Answer is not null))
        {
            AnswerFile.Replace(path, pairs.Select(static pair => pair.Answer!));
        }

        return await ResultAsync(model, isOneOfSeveral, path, pairs, strangers, failed, cancellationToken);
    }

    /// <summary>Scores a file that was written before, by this program or by LLaVA's scripts.</summary>
    public Task<EvalResult> ScoreAsync(string path, CancellationToken cancellationToken)
    {
        var answers = AnswerFile.Read(path);
        var (pairs, strangers) = AnswerMatch.Pair(questions, answers);
        var model = answers.Select(static answer => answer.ModelId).FirstOrDefault(static name => name.Length > 0) ?? Path.GetFileNameWithoutExtension(path);
        return ResultAsync(model, parsed.GetValue(EvalOptions.Answers)!.Length > 1, path, pairs, strangers, 0, cancellationToken);
    }

    /// <summary>The path with the model's name in it, where it has a place for that or several models need it.</summary>
    internal static string OutputPath(string path, string model, bool isOneOfSeveral)
    {
        var name = string.Concat(model.Select(static c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
        return path.Contains("{model}", StringComparison.Ordinal) ? path.Replace("{model}", name, StringComparison.Ordinal)
            : isOneOfSeveral ? Path.Combine(Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}.{name}{Path.GetExtension(path)}")
            : path;
    }

    private async Task<EvalResult> ResultAsync(
        string model, bool isOneOfSeveral, string path, IReadOnlyList<AnsweredQuestion> pairs, int strangers, int failed, CancellationToken cancellationToken)
    {
        if (strangers > 0)
        {
            await Console.Error.WriteLineAsync(TerminalText.Harmless($"{path}: {strangers} answers belong to no question of the set."));
        }

        using var judge = parsed.GetValue(EvalOptions.JudgeModel) is { } judgeModel ? new ChatEndpoint(Judging(judgeModel), TimeProvider.System) : null;
        var scored = inputs with { Judge = Judge(model, isOneOfSeveral, path, judge) };
        var score = await benchmark.ScoreAsync(scored, pairs, cancellationToken);
        if (parsed.GetValue(EvalOptions.Upload) is { } upload && !benchmark.WriteUpload(scored, pairs, OutputPath(upload, model, isOneOfSeveral)))
        {
            throw new VerbException(ExitCodes.WrongUsage, $"--upload: {benchmark.Name} has no form for uploads.");
        }

        return new EvalResult
        {
            Set = benchmark.Name,
            Title = benchmark.Title,
            Model = model,
            Questions = pairs.Count,
            Answered = pairs.Count(static pair => pair.Answer is not null),
            Failed = failed,
            Strangers = strangers,
            Cut = pairs.Count(static pair => pair.Answer?.Metadata.FinishReason == "length"),
            Temperature = parsed.GetValue(EvalOptions.Temperature),
            MaxTokens = parsed.GetValue(EvalOptions.MaxTokens) ?? benchmark.MaxTokens,
            LetterPrompt = inputs.LetterPrompt,
            AllRounds = inputs.AllRounds,
            Limit = inputs.Limit,
            Answers = path,
            Score = score,
        };
    }

    private AskOptions Asking(string model) => new()
    {
        Server = EvalVerb.Address(parsed.GetValue(EvalOptions.Server), "--server"),
        Key = Key(),
        Model = model,
        Temperature = parsed.GetValue(EvalOptions.Temperature),
        MaxTokens = parsed.GetValue(EvalOptions.MaxTokens) ?? benchmark.MaxTokens,
        Retries = parsed.GetValue(EvalOptions.Retries),
        Timeout = TimeSpan.FromSeconds(parsed.GetValue(EvalOptions.TimeoutSeconds)),
    };

    // Temperature and length are those of LLaVA's eval_gpt_review_bench.py.
    private AskOptions Judging(string model)
    {
        var server = parsed.GetValue(EvalOptions.JudgeServer);
        return Asking(model) with
        {
            Server = EvalVerb.Address(server ?? parsed.GetValue(EvalOptions.Server), "--judge-server"),
            Key = Environment.GetEnvironmentVariable(EvalVerb.JudgeKeyVariable) ?? (server is null ? Key() : null),
            Temperature = 0.2,
            MaxTokens = 1024,
        };
    }

    private JudgeInputs? Judge(string model, bool isOneOfSeveral, string answersPath, ChatEndpoint? endpoint) =>
        parsed.GetValue(EvalOptions.Reference) is not { } reference ? null : new JudgeInputs
        {
            Reference = reference,
            Context = EvalInputs.Required(parsed.GetValue(EvalOptions.Context), "--context"),
            Rule = parsed.GetValue(EvalOptions.Rule),
            Reviews = OutputPath(parsed.GetValue(EvalOptions.ReviewsOut) ?? answersPath + ".reviews", model, isOneOfSeveral && parsed.GetValue(EvalOptions.ReviewsOut) is not null),
            Concurrency = parsed.GetValue(EvalOptions.Concurrency),
            Endpoint = endpoint,
        };

    private string? Key() => parsed.GetValue(ClientVerb.ApiKey) ?? Environment.GetEnvironmentVariable("LLAVA_API_KEY");
}
