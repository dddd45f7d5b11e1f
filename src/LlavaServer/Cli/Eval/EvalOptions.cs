using System.CommandLine;
using System.CommandLine.Parsing;
using LlavaServer.Cli.Eval.Benchmarks;

namespace LlavaServer.Cli.Eval;

/// <summary>The options of <c>llava eval</c>; docs/evaluation.md lists the same.</summary>
internal static class EvalOptions
{
    public static Option<string> Set { get; } = Names(new("--set") { Description = "Kind of question set.", Required = true });

    public static Option<string?> Questions { get; } = new("--questions") { Description = "File of questions.", HelpName = "file" };

    public static Option<string?> Images { get; } = new("--images") { Description = "Folder of the pictures.", HelpName = "folder" };

    public static Option<string?> Labels { get; } = new("--labels") { Description = "What is right: file or folder, as the benchmark ships it.", HelpName = "path" };

    public static Option<string> Split { get; } = new("--split") { Description = "ScienceQA: which split is scored.", DefaultValueFactory = static _ => "test" };

    public static Option<string[]> Models { get; } =
        new("--model") { Description = "Names of models, as the server knows them.", HelpName = "name", AllowMultipleArgumentsPerToken = true };

    public static Option<string?> Server { get; } =
        new("--server", "--host") { Description = "Any OpenAI-compatible server, with or without /v1; by default the one of this machine.", HelpName = "address" };

    public static Option<string?> AnswersOut { get; } =
        new("--answers-out") { Description = "Where answers are written, one a line; {model} stands for the model.", HelpName = "file" };

    public static Option<bool> Resume { get; } = new("--resume") { Description = "Keep the answers that are there and ask only what is missing." };

    public static Option<string[]> Answers { get; } =
        new("--answers") { Description = "Score these files of answers and ask nothing.", HelpName = "file", AllowMultipleArgumentsPerToken = true };

    public static Option<int> Concurrency { get; } = Positive(new("--concurrency") { Description = "Questions asked at a time.", DefaultValueFactory = static _ => 4 });

    public static Option<int?> Limit { get; } = new("--limit") { Description = "Only the first questions.", HelpName = "count" };

    public static Option<double> Temperature { get; } = new("--temperature") { Description = "0 is greedy decoding.", DefaultValueFactory = static _ => 0 };

    public static Option<int?> MaxTokens { get; } = new("--max-tokens") { Description = "Longest answer; by default that of LLaVA's script for the set.", HelpName = "count" };

    public static Option<int> Retries { get; } = new("--retries") { Description = "Further attempts when a server is busy or fails.", DefaultValueFactory = static _ => 6 };

    public static Option<int> TimeoutSeconds { get; } =
        Positive(new("--timeout") { Description = "Longest wait for one answer.", HelpName = "seconds", DefaultValueFactory = static _ => 600 });

    public static Option<bool> AllRounds { get; } = new("--all-rounds") { Description = "MMBench: every rotation of the options; right is who is right in all." };

    public static Option<bool> NoLetterPrompt { get; } =
        new("--no-letter-prompt") { Description = "ScienceQA, MMBench: leave out the sentence that asks for a letter." };

    public static Option<string?> Context { get; } = new("--context") { Description = "LLaVA-Bench: captions for the judge.", HelpName = "file" };

    public static Option<string?> Reference { get; } = new("--reference") { Description = "LLaVA-Bench: answers to compare with.", HelpName = "file" };

    public static Option<string?> Rule { get; } = new("--rule") { Description = "LLaVA-Bench: LLaVA's rule.json.", HelpName = "file" };

    public static Option<string?> ReviewsOut { get; } = new("--reviews-out") { Description = "LLaVA-Bench: where reviews are written.", HelpName = "file" };

    public static Option<string?> JudgeModel { get; } = new("--judge-model") { Description = "LLaVA-Bench: model that compares the answers.", HelpName = "name" };

    public static Option<string?> JudgeServer { get; } = new("--judge-server") { Description = "LLaVA-Bench: its server; by default --server.", HelpName = "address" };

    public static Option<string?> Upload { get; } =
        new("--upload") { Description = "Write the form that the benchmark's own server takes (VQAv2, GQA, MME, MMBench).", HelpName = "path" };

    public static Option<string?> Json { get; } = new("--json") { Description = "Write the results as JSON; - is standard output.", HelpName = "file" };

    public static Option<string?> Radar { get; } = new("--radar") { Description = "Draw the results: .svg or .png.", HelpName = "file" };

    public static IReadOnlyList<Option> All { get; } =
    [
        Set, Questions, Images, Labels, Split, Models, Server, Client.ClientVerb.ApiKey, AnswersOut, Resume, Answers, Concurrency, Limit, Temperature, MaxTokens, Retries,
        TimeoutSeconds, AllRounds, NoLetterPrompt, Context, Reference, Rule, ReviewsOut, JudgeModel, JudgeServer, Upload, Json, Radar,
    ];

    private static Option<string> Names(Option<string> option)
    {
        option.AcceptOnlyFromAmong([.. BenchmarkList.All.Select(static benchmark => benchmark.Name)]);
        return option;
    }

    private static Option<int> Positive(Option<int> option)
    {
        option.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"{((OptionResult)result).Option.Name} must be at least 1.");
            }
        });
        return option;
    }
}
