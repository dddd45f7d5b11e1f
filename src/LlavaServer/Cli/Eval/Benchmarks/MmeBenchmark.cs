using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// MME (Fu et al. 2023): two yes-or-no questions a picture in up to 14 subtasks. Scored as its calculation.py: an answer is yes or no by its first four
/// letters; per subtask 100 times the share of right questions plus 100 times the share of pictures with both right; perception and cognition are sums.
/// Questions come from LLaVA's llava_mme.jsonl, or from the benchmark's own folders (--labels) as they are.
/// </summary>
internal sealed class MmeBenchmark : IBenchmark
{
    private static readonly string[] s_perception = ["existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR"];
    private static readonly string[] s_cognition = ["commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"];

    public string Name => "mme";

    public string Title => "MME";

    public int MaxTokens => 128;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs) =>
        inputs.Questions is not null ? QuestionLines.Read(inputs) : MmeFolders.Questions(EvalInputs.Required(inputs.Labels, "--questions or --labels"), inputs.Limit);

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken) =>
        Task.FromResult(inputs.Labels is null ? null : Score(MmeFolders.Labels(inputs.Labels), answers));

    /// <summary>The files of the benchmark's eval_tool: SUBTASK.txt with picture, question, label and answer in columns.</summary>
    public bool WriteUpload(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, string path)
    {
        var labels = MmeFolders.Labels(EvalInputs.Required(inputs.Labels, "--labels"));
        Directory.CreateDirectory(path);
        foreach (var subtask in answers.GroupBy(static pair => MmeFolders.SubtaskOf(pair.Question)))
        {
            File.WriteAllLines(Path.Combine(path, subtask.Key + ".txt"), subtask.Select(pair =>
            {
                var (question, label) = MmeFolders.LabelOf(labels, pair.Question);
                return string.Join('\t', MmeFolders.FileOf(pair.Question), question, label, pair.Text.ReplaceLineEndings(" ").Replace('\t', ' '));
            }));
        }

        return true;
    }

    /// <summary>yes, no, or other.</summary>
    internal static string Reading(string answer)
    {
        var start = answer.ToLowerInvariant();
        start = start.Length > 4 ? start[..4] : start;
        return start.Contains("yes", StringComparison.Ordinal) ? "yes" : start.Contains("no", StringComparison.Ordinal) ? "no" : "other";
    }

    private static EvalScore Score(IReadOnlyDictionary<(string, string, string), string> labels, IReadOnlyList<AnsweredQuestion> answers)
    {
        var categories = answers.GroupBy(static pair => MmeFolders.SubtaskOf(pair.Question))
            .OrderBy(static group => Array.IndexOf([.. s_perception, .. s_cognition], group.Key) is >= 0 and var place ? place : int.MaxValue)
            .Select(group => Subtask(group.Key, [.. group.Select(pair => (
                Picture: MmeFolders.FileOf(pair.Question),
                IsRight: pair.Answer is not null && string.Equals(Reading(pair.Text), MmeFolders.LabelOf(labels, pair.Question).Label, StringComparison.OrdinalIgnoreCase)))]))
            .ToList();
        if (categories.FirstOrDefault(static category => !s_perception.Contains(category.Name) && !s_cognition.Contains(category.Name)) is { } unknown)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"MME has no subtask '{unknown.Name}'.");
        }

        var perception = categories.Where(static category => s_perception.Contains(category.Name)).Sum(static category => category.Value);
        var cognition = categories.Where(static category => s_cognition.Contains(category.Name)).Sum(static category => category.Value);
        return new EvalScore
        {
            Headline = "score",
            Value = perception + cognition,
            Best = 200.0 * Math.Max(1, categories.Count),
            Figures = [new("perception", perception), new("cognition", cognition), new("score", perception + cognition)],
            Categories = categories,
        };
    }

    private static EvalCategory Subtask(string name, IReadOnlyList<(string Picture, bool IsRight)> parts)
    {
        var accuracy = 100.0 * parts.Count(static part => part.IsRight) / parts.Count;
        var pictures = parts.GroupBy(static part => part.Picture).ToList();
        var both = 100.0 * pictures.Count(static picture => picture.Count() > 1 && picture.All(static part => part.IsRight)) / pictures.Count;
        return new EvalCategory
        {
            Name = name,
            Questions = parts.Count,
            Value = accuracy + both,
            Best = 200,
            Figures = [new("accuracy", accuracy), new("accuracy+", both), new("score", accuracy + both)],
        };
    }
}
