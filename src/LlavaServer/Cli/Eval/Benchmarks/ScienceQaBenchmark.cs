using System.Text.RegularExpressions;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// ScienceQA (Lu et al. 2022), scored as LLaVA's eval_science_qa.py: the answer is a letter alone, or a letter with ". " after it, or the one letter in
/// "The answer is X."; anything else, no answer included, is wrong. Labels: the folder with problems.json and pid_splits.json.
/// </summary>
internal sealed partial class ScienceQaBenchmark : IBenchmark
{
    /// <summary>What model_vqa_science.py appends with --single-pred-prompt, as LLaVA's scripts call it.</summary>
    public const string LetterPrompt = "\nAnswer with the option's letter from the given choices directly.";

    private const string Letters = "ABCDE";

    public string Name => "scienceqa";

    public string Title => "ScienceQA";

    public int MaxTokens => 1024;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs)
    {
        var path = EvalInputs.Required(inputs.Questions, "--questions");
        return [.. JsonLines.ReadItems(path).Take(inputs.Limit ?? int.MaxValue).Select((line, i) =>
        {
            var place = $"{path}, question {i + 1}";
            var first = JsonLines.Items(line, "conversations", place) is [var turn, ..]
                ? turn
                : throw new VerbException(ExitCodes.WrongUsage, $"{place}: 'conversations' has no item.");
            var text = JsonLines.Text(first, "value", place).Replace("<image>", "", StringComparison.Ordinal).Trim() + (inputs.LetterPrompt ? LetterPrompt : "");
            var image = JsonLines.TextOrNull(line, "image");
            return new EvalQuestion
            {
                Id = JsonLines.Member(line, "id", place),
                Text = text,
                Prompt = image is null ? text : "<image>\n" + text,
                PictureName = image,
                PicturePath = inputs.Picture(image),
            };
        })];
    }

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken) =>
        Task.FromResult(inputs.Labels is null ? null : Score(inputs.Labels, inputs.Split, answers));

    /// <summary>The place of the answer among the choices, or -1.</summary>
    internal static int Choice(string text, int choices)
    {
        var letter = text.Length == 1 && Letters.Contains(text[0]) ? text[0]
            : text.Length >= 3 && Letters.Contains(text[0]) && text[1] == '.' && text[2] == ' ' ? text[0]
            : TheAnswerIs().Matches(text) is [var only] ? only.Groups[1].Value[0]
            : '-';
        var place = Letters.IndexOf(letter);
        return place < choices ? place : -1;
    }

    private static EvalScore Score(string folder, string split, IReadOnlyList<AnsweredQuestion> answers)
    {
        var problemsPath = Path.Combine(folder, "problems.json");
        var problems = JsonLines.ReadObject(problemsPath);
        var splitsPath = Path.Combine(folder, "pid_splits.json");
        var members = JsonLines.Items(JsonLines.ReadWhole(splitsPath), split, splitsPath).Select(EvalQuestion.TextOf).ToHashSet(StringComparer.Ordinal);
        var parts = new List<(bool HasPicture, double Worth)>();
        foreach (var pair in answers.Where(pair => members.Contains(pair.Question.IdText)))
        {
            var problem = problems.TryGetProperty(pair.Question.IdText, out var found) ? found : throw MeanScore.NoLabel(pair.Question, problemsPath);
            var choices = JsonLines.Items(problem, "choices", problemsPath).Count;
            var isRight = pair.Answer is not null && Choice(pair.Text, choices) == JsonLines.Number(problem, "answer", problemsPath);
            parts.Add((pair.Question.PictureName is not null, isRight ? 1 : 0));
        }

        // LLaVA's table has the pictures' questions beside all of them.
        var score = MeanScore.Of("accuracy", [.. parts.Select(static part => (part.HasPicture ? "with picture" : "without picture", part.Worth))!]);
        return score with
        {
            Figures = [.. score.Figures, new("IMG accuracy", score.Categories.FirstOrDefault(static category => category.Name == "with picture")?.Value ?? 0)],
        };
    }

    [GeneratedRegex("The answer is ([A-Z]).", RegexOptions.CultureInvariant)]
    private static partial Regex TheAnswerIs();
}
