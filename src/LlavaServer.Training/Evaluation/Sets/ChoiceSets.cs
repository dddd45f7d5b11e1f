using System.Globalization;
using LlavaServer.Training.Dataset;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>
/// The same questions with four options each in the files of MMBench (Liu et al. 2023) and ScienceQA (Lu et al. 2022). The bundled model never saw a
/// question with options: what it scores here says how it does with a form that it was not trained for.
/// </summary>
internal static class ChoiceSets
{
    private const int Options = 4;
    private static readonly Family[] s_families = [Family.Color, Family.Shape, Family.Count];
    private static readonly string[] s_columns = ["index", "question", "hint", "A", "B", "C", "D", "answer", "category", "image", "source", "l2-category", "comment", "split"];

    public static void Write(SetPictures pictures, string mmbench, string scienceqa, int count)
    {
        var rows = new List<string> { string.Join('\t', s_columns) };
        var asked = new List<object>();
        var problems = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var family = s_families[i % s_families.Length];
            var others = Answers(family);
            var question = pictures.Ask(family, question => others.Contains(question.Answer));
            var options = others.Where(other => other != question.Answer).OrderBy(_ => pictures.Random.Next()).Take(Options - 1).ToList();
            var right = pictures.Random.Next(Options);
            options.Insert(right, question.Answer);
            rows.Add(string.Join('\t', [
                i.ToString(CultureInfo.InvariantCulture), question.Text, "", .. options, "ABCD"[right].ToString(), family.ToString().ToLowerInvariant(),
                Convert.ToBase64String(pictures.Png(question.Scene)), "drawn", "perception", "", "dev"]));
            var id = (i + 1).ToString(CultureInfo.InvariantCulture);
            asked.Add(new
            {
                id,
                image = pictures.Save(question.Scene, Path.Combine(scienceqa, "pictures")),
                conversations = new[]
                {
                    new { from = "human", value = "<image>\n" + question.Text + string.Concat(options.Select(static (option, at) => $"\n{"ABCD"[at]}. {option}")) },
                    new { from = "gpt", value = "ABCD"[right].ToString() },
                },
            });
            problems.Add(id, new { question = question.Text, choices = options, answer = right, hint = "", split = "test" });
        }

        Directory.CreateDirectory(mmbench);
        File.WriteAllText(Path.Combine(mmbench, "questions.tsv"), string.Concat(rows.Select(static row => row + "\n")));
        SetFiles.Whole(scienceqa, "questions.json", asked);
        SetFiles.Whole(scienceqa, "problems.json", problems);
        SetFiles.Whole(scienceqa, "pid_splits.json", new { test = problems.Keys });
    }

    private static List<string> Answers(Family family) => family switch
    {
        Family.Color => [.. Enum.GetValues<Drawing.ShapeColor>().Select(static color => Capital(Name(color)))],
        Family.Shape => [.. Enum.GetValues<Drawing.ShapeKind>().Select(static kind => Capital(Name(kind)))],
        _ => [.. Enumerable.Range(0, 6).Select(static number => number.ToString(CultureInfo.InvariantCulture))],
    };
}
