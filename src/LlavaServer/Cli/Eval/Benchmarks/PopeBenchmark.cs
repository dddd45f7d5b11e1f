using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// POPE (Li et al. 2023): is this object in the picture? Scored as LLaVA's eval_pope.py: the first sentence without commas says no when one of its words
/// is No, no or not, otherwise yes; labels belong to the questions of their category by position. A question without an answer counts as wrong.
/// </summary>
internal sealed class PopeBenchmark : IBenchmark
{
    private const string FileStart = "coco_pope_";

    public string Name => "pope";

    public string Title => "POPE";

    public int MaxTokens => 128;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs) => QuestionLines.Read(inputs);

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken) =>
        Task.FromResult(inputs.Labels is null ? null : Score(inputs.Labels, answers));

    internal static bool SaysYes(string answer)
    {
        var sentence = answer.Split('.', 2)[0].Replace(",", "", StringComparison.Ordinal);
        return !sentence.Split(' ').Any(static word => word is "No" or "not" or "no");
    }

    private static EvalScore Score(string labelsPath, IReadOnlyList<AnsweredQuestion> answers)
    {
        var files = Directory.Exists(labelsPath) ? Directory.GetFiles(labelsPath, FileStart + "*.json").Order(StringComparer.Ordinal).ToList() : [labelsPath];
        if (files.Count == 0)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"--labels: {labelsPath} has no {FileStart}*.json.");
        }

        var all = default(YesNoCounts);
        var categories = new List<EvalCategory>();
        foreach (var file in files)
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var category = name.StartsWith(FileStart, StringComparison.Ordinal) ? name[FileStart.Length..] : null;
            var asked = category is null ? answers : [.. answers.Where(pair => pair.Question.Category == category)];
            var labels = JsonLines.Read(file);
            if (asked.Count > labels.Count)
            {
                throw new VerbException(ExitCodes.WrongUsage, $"{file} has {labels.Count} labels for {asked.Count} questions.");
            }

            var counts = default(YesNoCounts);
            for (var i = 0; i < asked.Count; i++)
            {
                counts.Add(
                    isYes: JsonLines.Text(labels[i], "label", $"{file}, label {i + 1}") != "no",
                    saysYes: asked[i].Answer is { } answer ? SaysYes(answer.Text) : null);
            }

            all.Add(counts);
            if (category is not null && asked.Count > 0)
            {
                categories.Add(new EvalCategory { Name = category, Questions = asked.Count, Value = 100 * counts.F1, Figures = counts.Figures });
            }
        }

        // The paper's figure: the mean over the three samplings.
        var value = categories.Count > 0 ? categories.Average(static category => category.Value) : 100 * all.F1;
        return new EvalScore { Headline = "F1", Value = value, Figures = all.Figures, Categories = categories };
    }
}
