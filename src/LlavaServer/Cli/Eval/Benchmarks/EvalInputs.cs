using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>The files of a set, and how they are taken. Immutable.</summary>
internal sealed record EvalInputs
{
    public string? Questions { get; init; }

    /// <summary>Folder of the pictures.</summary>
    public string? Images { get; init; }

    /// <summary>File or folder of what is right, in the benchmark's own form.</summary>
    public string? Labels { get; init; }

    /// <summary>ScienceQA: which split of the problems is scored.</summary>
    public string Split { get; init; } = "test";

    /// <summary>Only so many questions from the first on.</summary>
    public int? Limit { get; init; }

    /// <summary>MMBench: each question in every rotation of its options.</summary>
    public bool AllRounds { get; init; }

    /// <summary>ScienceQA and MMBench: whether the sentence that asks for a letter is added, as LLaVA's scripts do.</summary>
    public bool LetterPrompt { get; init; } = true;

    /// <summary>LLaVA-Bench: what the judge needs; null when nobody judges.</summary>
    public JudgeInputs? Judge { get; init; }

    /// <summary>Where a form of the questions is missing that <paramref name="option"/> would have named.</summary>
    public static string Required(string? value, string option) =>
        value ?? throw new VerbException(ExitCodes.WrongUsage, $"{option} is missing.");

    /// <summary>The path of a picture that a question file names.</summary>
    public string? Picture(string? name) => name is null || Images is null ? null : Path.Combine(Images, name);
}
