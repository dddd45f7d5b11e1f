using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// The folders of MME_Benchmark_release_version: one per subtask, with pictures and texts side by side or in images and questions_answers_YN; each text has
/// a question and its answer a line, between them a tab.
/// </summary>
internal static class MmeFolders
{
    private const string YesOrNo = "Please answer yes or no.";
    private const string Suffix = "Answer the question using a single word or phrase.";
    private static readonly string[] s_pictureTypes = [".jpg", ".png", ".jpeg"];

    /// <summary>What is right, by subtask, text file and question.</summary>
    public static IReadOnlyDictionary<(string Subtask, string File, string Question), string> Labels(string folder)
    {
        var labels = new Dictionary<(string, string, string), string>();
        foreach (var (subtask, texts, _) in Subtasks(folder))
        {
            foreach (var file in Directory.GetFiles(texts, "*.txt"))
            {
                foreach (var (question, answer) in Lines(file))
                {
                    labels[(subtask, Path.GetFileName(file), question)] = answer;
                }
            }
        }

        return labels.Count > 0 ? labels : throw new VerbException(ExitCodes.WrongUsage, $"--labels: {folder} has no subtasks with questions.");
    }

    /// <summary>All questions as the folders have them; subtasks and pictures by name.</summary>
    public static IReadOnlyList<EvalQuestion> Questions(string folder, int? limit)
    {
        var questions = new List<EvalQuestion>();
        foreach (var (subtask, texts, pictures) in Subtasks(folder))
        {
            foreach (var file in Directory.GetFiles(texts, "*.txt").Order(StringComparer.Ordinal))
            {
                var name = Path.GetFileNameWithoutExtension(file);
                var picture = s_pictureTypes.Select(type => Path.Combine(pictures, name + type)).FirstOrDefault(File.Exists)
                    ?? throw new VerbException(ExitCodes.WrongUsage, $"{file} has no picture in {pictures}.");
                questions.AddRange(Lines(file).Select(line => new EvalQuestion
                {
                    Id = JsonSerializer.SerializeToElement($"{subtask}/{Path.GetFileName(picture)}"),
                    Text = line.Question,
                    Prompt = line.Question,
                    PictureName = Path.GetFileName(picture),
                    PicturePath = picture,
                    Category = subtask,
                }));
            }
        }

        return limit is { } count ? [.. questions.Take(count)] : questions;
    }

    public static string SubtaskOf(EvalQuestion question) => question.IdText.Split('/')[0];

    /// <summary>The text file of the question's picture.</summary>
    public static string FileOf(EvalQuestion question) => question.IdText.Split('/')[^1].Split('.')[0] + ".txt";

    /// <summary>Finds the label as LLaVA's converter does: its own suffix goes, the benchmark's "Please answer yes or no." comes back.</summary>
    public static (string Question, string Label) LabelOf(IReadOnlyDictionary<(string Subtask, string File, string Question), string> labels, EvalQuestion question)
    {
        var (subtask, file) = (SubtaskOf(question), FileOf(question));
        var plain = question.Prompt.Contains(Suffix, StringComparison.Ordinal) ? question.Prompt.Replace(Suffix, "", StringComparison.Ordinal).Trim() : question.Prompt;
        foreach (var spelling in (string[])[plain, plain + " " + YesOrNo, plain + "  " + YesOrNo])
        {
            if (labels.TryGetValue((subtask, file, spelling), out var label))
            {
                return (spelling, label);
            }
        }

        throw new VerbException(ExitCodes.WrongUsage, $"--labels has nothing for {subtask}/{file}: {plain}");
    }

    private static IEnumerable<(string Subtask, string Texts, string Pictures)> Subtasks(string folder) =>
        JsonLines.Guard(folder, () => Directory.GetDirectories(folder)).Order(StringComparer.Ordinal).Select(static subtask =>
        {
            var isSplit = Directory.Exists(Path.Combine(subtask, "images"));
            var texts = isSplit ? Path.Combine(subtask, "questions_answers_YN") : subtask;
            return (Path.GetFileName(subtask), texts, isSplit ? Path.Combine(subtask, "images") : subtask);
        }).Where(static subtask => Directory.Exists(subtask.Item2));

    private static IEnumerable<(string Question, string Answer)> Lines(string file) =>
        File.ReadLines(file).Where(static line => !string.IsNullOrWhiteSpace(line)).Select(line =>
            line.Trim().Split('\t') is [var question, var answer] ? (question, answer) : throw new VerbException(ExitCodes.WrongUsage, $"{file}: a line is not question, tab, answer."));
}
