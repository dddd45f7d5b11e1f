using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;
using LlavaServer.Cli.Eval.Reports;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// MMBench (Liu et al. 2023): one table with questions, options and pictures in Base64. Asked as LLaVA's model_vqa_mmbench.py does. A question in several
/// rotations of its options, by --all-rounds or as rows whose index differs by millions, is right when every rotation is (circular evaluation).
/// </summary>
internal sealed class MmBenchBenchmark : IBenchmark
{
    private const int RotationStep = 1_000_000;
    private const int LongestReference = 64;
    private static readonly string[] s_letters = ["A", "B", "C", "D"];
    private static readonly string[] s_notUploaded = ["hint", "category", "source", "image", "comment", "l2-category"];

    public string Name => "mmbench";

    public string Title => "MMBench";

    public int MaxTokens => 1024;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs)
    {
        var path = EvalInputs.Required(inputs.Questions, "--questions");
        var rows = TabSeparatedFile.Read(path).Take(inputs.Limit ?? int.MaxValue).ToList();
        var pictures = JsonLines.ByKey(rows, row => Cell(row, "index", path), row => Cell(row, "image", path));
        return [.. rows.SelectMany(row => Rounds(row, pictures, inputs, path))];
    }

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken)
    {
        var path = inputs.Labels ?? EvalInputs.Required(inputs.Questions, "--questions");
        var rows = JsonLines.ByKey(TabSeparatedFile.Read(path), row => Cell(row, "index", path), static row => row.Where(static cell => cell.Key != "image").ToDictionary());
        return Task.FromResult(rows.Values.FirstOrDefault()?.ContainsKey("answer") == true ? Score(rows, path, answers) : null);
    }

    /// <summary>The workbook that MMBench's server takes; rotations beyond the first are not part of it.</summary>
    public bool WriteUpload(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, string path)
    {
        var said = JsonLines.ByKey(answers.Where(static pair => pair.Question.Round is null or 0), static pair => pair.Question.IdText, static pair => pair.Text);
        var table = new List<IReadOnlyList<string>>();
        foreach (var row in TabSeparatedFile.Read(EvalInputs.Required(inputs.Questions, "--questions")))
        {
            var columns = row.Keys.Where(static column => !s_notUploaded.Contains(column)).ToList();
            var place = Math.Min(6, columns.Count);
            if (table.Count == 0)
            {
                table.Add([.. columns[..place], "prediction", .. columns[place..]]);
            }

            table.Add([.. columns[..place].Select(column => row[column]), said.GetValueOrDefault(row["index"], ""), .. columns[place..].Select(column => row[column])]);
        }

        Workbook.Write(path, table);
        return true;
    }

    private static IEnumerable<EvalQuestion> Rounds(
        IReadOnlyDictionary<string, string> row, Dictionary<string, string> pictures, EvalInputs inputs, string path)
    {
        var index = Cell(row, "index", path);
        var options = s_letters.Select(letter => row.GetValueOrDefault(letter, "")).TakeWhile(static option => !IsNone(option)).ToList();
        if (options.Count == 0)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path}: question {index} has no option A.");
        }

        var letters = s_letters[..options.Count].ToList();
        for (var round = 0; round < (inputs.AllRounds ? options.Count : 1); round++)
        {
            var hint = row.GetValueOrDefault("hint", "");
            var prompt = (IsNone(hint) ? "" : hint + "\n") + Cell(row, "question", path)
                + string.Concat(options.Select(static (option, i) => $"\n{s_letters[i]}. {option}"));
            yield return new EvalQuestion
            {
                Id = int.TryParse(index, out var number) ? JsonSerializer.SerializeToElement(number) : JsonSerializer.SerializeToElement(index),
                Round = round,
                Prompt = prompt,
                Text = prompt + (inputs.LetterPrompt ? ScienceQaBenchmark.LetterPrompt : ""),
                PictureBytes = () => Picture(pictures, index, path),
                Category = row.GetValueOrDefault("category"),
                Options = [.. options],
                OptionLetters = [.. letters],
            };
            options = [.. options[1..], .. options[..1]];
            letters = [.. letters[1..], .. letters[..1]];
        }
    }

    private static EvalScore Score(Dictionary<string, Dictionary<string, string>> rows, string path, IReadOnlyList<AnsweredQuestion> answers)
    {
        var questions = answers.GroupBy(static pair => int.TryParse(pair.Question.IdText, out var index) ? $"{index % RotationStep}" : pair.Question.IdText).Select(group =>
        {
            var right = group.Select(pair => IsRight(pair, rows, path)).ToList();
            var row = rows[group.First().Question.IdText];
            return (Category: row.GetValueOrDefault("l2-category") ?? row.GetValueOrDefault("category"), All: right.TrueForAll(static r => r), First: right[0], Rounds: right.Count);
        }).ToList();
        var isCircular = questions.Exists(static question => question.Rounds > 1);
        var score = MeanScore.Of(isCircular ? "circular" : "accuracy", [.. questions.Select(static question => (question.Category, question.All ? 1.0 : 0))]);
        return isCircular ? score with { Figures = [.. score.Figures, new("first round", 100 * questions.Average(static question => question.First ? 1.0 : 0))] } : score;
    }

    private static bool IsRight(AnsweredQuestion pair, Dictionary<string, Dictionary<string, string>> rows, string path)
    {
        var row = rows.TryGetValue(pair.Question.IdText, out var found) ? found : throw MeanScore.NoLabel(pair.Question, path);
        var place = pair.Answer is null ? -1 : ChoiceLetter.Find(pair.Text, pair.Question.Options!);
        return place >= 0 && pair.Question.OptionLetters![place] == Cell(row, "answer", path);
    }

    // A rotation may name the index of the row that has its picture.
    private static byte[] Picture(Dictionary<string, string> pictures, string index, string path)
    {
        var text = pictures[index];
        if (text.Length <= LongestReference && pictures.TryGetValue(text, out var other))
        {
            text = other;
        }

        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{path}: the picture of {index} is not Base64.");
        }
    }

    // As LLaVA's is_none, with pandas' reading of an empty cell: an option that says "None" ends the options.
    private static bool IsNone(string cell) => cell.Length == 0 || cell.Equals("nan", StringComparison.OrdinalIgnoreCase) || cell.Equals("none", StringComparison.OrdinalIgnoreCase);

    private static string Cell(IReadOnlyDictionary<string, string> row, string column, string path) =>
        row.TryGetValue(column, out var cell) ? cell : throw new VerbException(ExitCodes.WrongUsage, $"{path} has no column '{column}'.");
}
