using System.Diagnostics;
using System.Text.Json;
using LlavaServer.Training.Evaluation.Sets;

namespace LlavaServer.Training.Tests.Evaluation;

/// <summary>
/// <c>llava eval</c> as a user runs it on the bundled model: the real program asks the real server the sets that this project draws. Every score is compared
/// with one that is computed here from answers and labels.
/// </summary>
public sealed class HeldOutSetsTests(HeldOutSets sets) : IClassFixture<HeldOutSets>
{
    private const string Model = "llava-mini";
    private static readonly string[] s_samplings = ["adversarial", "popular", "random"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pope_BundledModel_ScoreAsComputedByHand()
    {
        var (answers, score) = await EvaluateAsync("pope", "--questions", In("pope/questions.jsonl"), "--images", In("pope/pictures"), "--labels", In("pope/labels"));
        var f1 = s_samplings.Average(sampling =>
        {
            var labels = Lines(In($"pope/labels/coco_pope_{sampling}.json")).Select(static line => line.GetProperty("label").GetString() == "yes").ToList();
            var asked = Lines(In("pope/questions.jsonl")).Where(line => line.GetProperty("category").GetString() == sampling).Select(static line => line.GetProperty("question_id").GetInt32());
            var said = asked.Select(id => Text(answers, id) is "Yes" or "Yes.").ToList();
            Assert.Equal(labels.Count, said.Count);
            Assert.Equal(labels.Count, 2 * labels.Count(static yes => yes));
            var both = labels.Zip(said).Count(static pair => pair is (true, true));
            return 200.0 * both / (labels.Count(static yes => yes) + said.Count(static yes => yes));
        });
        AssertScore(f1, score, atLeast: 80);
    }

    [Fact]
    public async Task Vqav2_BundledModel_ScoreAsComputedByHand()
    {
        var (answers, score) = await EvaluateAsync("vqav2", "--questions", In("vqav2/questions.jsonl"), "--images", In("vqav2/pictures"), "--labels", In("vqav2/annotations.json"));
        var labels = Whole(In("vqav2/annotations.json")).GetProperty("annotations").EnumerateArray().ToList();
        AssertScore(
            Percent(labels, label => Same(Text(answers, label.GetProperty("question_id").GetInt32()), label.GetProperty("answers")[9].GetProperty("answer"))),
            score,
            atLeast: 60);
    }

    [Fact]
    public async Task Gqa_BundledModel_ScoreAsComputedByHand()
    {
        var (answers, score) = await EvaluateAsync("gqa", "--questions", In("gqa/questions.jsonl"), "--images", In("gqa/pictures"), "--labels", In("gqa/questions.json"));
        var labels = Whole(In("gqa/questions.json")).EnumerateObject().ToList();
        AssertScore(
            Percent(labels, label => Same(
                answers.Single(answer => answer.GetProperty("question_id").GetString() == label.Name).GetProperty("text").GetString()!, label.Value.GetProperty("answer"))),
            score,
            atLeast: 50);
    }

    [Fact]
    public async Task TextVqa_BundledModel_ScoreAsComputedByHand()
    {
        var (answers, score) = await EvaluateAsync("textvqa", "--questions", In("textvqa/questions.jsonl"), "--images", In("textvqa/pictures"), "--labels", In("textvqa/annotations.json"));
        var labels = Whole(In("textvqa/annotations.json")).GetProperty("data").EnumerateArray().ToList();
        AssertScore(
            Percent(labels, label => Same(
                answers.Single(answer => answer.GetProperty("question_id").GetString() == label.GetProperty("image_id").GetString()).GetProperty("text").GetString()!, label.GetProperty("answers")[0])),
            score,
            atLeast: 60);
    }

    [Fact]
    public async Task Mme_BundledModel_ScoreAsComputedByHand()
    {
        var (answers, score) = await EvaluateAsync("mme", "--questions", In("mme/questions.jsonl"), "--images", In("mme/folders"), "--labels", In("mme/folders"));
        var expected = Directory.GetDirectories(In("mme/folders")).Sum(subtask =>
        {
            var pictures = Directory.GetFiles(subtask, "*.txt").Select(file =>
            {
                var id = $"{Path.GetFileName(subtask)}/{Path.GetFileNameWithoutExtension(file)}.png";
                var right = File.ReadAllLines(file).Select(line => line.Split('\t')).Select(parts => answers.Single(answer =>
                    answer.GetProperty("question_id").GetString() == id
                    && answer.GetProperty("prompt").GetString()!.StartsWith(parts[0].Replace(" Please answer yes or no.", "\n", StringComparison.Ordinal), StringComparison.Ordinal))
                    .GetProperty("text").GetString()!.TrimEnd('.') == parts[1]).ToList();
                Assert.Equal(2, right.Count);
                return right;
            }).ToList();
            return (100.0 * pictures.Sum(static pair => pair.Count(static right => right)) / (2 * pictures.Count)) + (100.0 * pictures.Count(static pair => pair.TrueForAll(static right => right)) / pictures.Count);
        });
        AssertScore(expected, score, atLeast: 200);
    }

    [Fact]
    public async Task OptionsByLetter_FormThatTheModelNeverSaw_NearChanceAtMost()
    {
        // What of an answer names an option is a rule of its own, tested by cases elsewhere.
        var (answers, score) = await EvaluateAsync("mmbench", "--questions", In("mmbench/questions.tsv"));
        Assert.InRange(score, 0, 60);
        Assert.Equal(answers.Count, Directory.GetFiles(In("scienceqa/pictures")).Length);
        var (_, letters) = await EvaluateAsync("scienceqa", "--questions", In("scienceqa/questions.json"), "--images", In("scienceqa/pictures"), "--labels", In("scienceqa"));
        Assert.InRange(letters, 0, 60);
    }

    [Fact]
    public async Task Pope_KilledAgainAndAgain_EveryQuestionIsAnsweredOnce()
    {
        HeldOutSets.SkipWithoutFonts();
        string[] arguments = ["--questions", In("pope/questions.jsonl"), "--images", In("pope/pictures"), "--labels", In("pope/labels"), "--concurrency", "2"];
        var whole = In("calm.jsonl");
        var (calm, score) = await EvaluateAsync("pope", arguments, whole);
        var line = (int)(new FileInfo(whole).Length / calm.Count);
        var file = In("killed.jsonl");
        var random = new Random(20261123);
        var kills = 0;
        while (Written() < line * (calm.Count - 10))
        {
            using var process = Start("pope", [.. arguments, "--answers-out", file, "--resume"]);
            var until = Written() + random.Next(line, 12 * line);
            while (Written() < until && !process.HasExited)
            {
                await Task.Delay(1, Token);
            }

            process.Kill();
            await process.WaitForExitAsync(Token);
            kills++;
        }

        Assert.True(kills >= 5, $"{kills} kills");
        var (answers, again) = await EvaluateAsync("pope", [.. arguments, "--resume"], file);
        Assert.Equal(score, again);
        Assert.Equal(calm.Select(Key), answers.Select(Key));

        // Its process holds a lock on it, so its size tells.
        long Written() => new FileInfo(file) is { Exists: true } found ? found.Length : 0;
        static (string Id, string Text) Key(JsonElement answer) => (answer.GetProperty("question_id").GetRawText(), answer.GetProperty("text").GetString()!);
    }

    [Fact]
    public void Write_Again_SameFiles()
    {
        HeldOutSets.SkipWithoutFonts();
        foreach (var name in new[] { "once", "twice" })
        {
            QuestionSets.Write(HeldOutSets.Fonts, In(name), 3);
        }

        var files = Directory.GetFiles(In("once"), "*", SearchOption.AllDirectories).Order().ToList();
        Assert.True(files.Count > 30);
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(file.Replace(In("once"), In("twice"), StringComparison.Ordinal))));
    }

    private static JsonElement Whole(string file) => JsonElement.Parse(File.ReadAllText(file));

    private static List<JsonElement> Lines(string file) => [.. File.ReadLines(file).Select(static line => JsonElement.Parse(line))];

    private static string Text(IEnumerable<JsonElement> answers, int id) => answers.Single(answer => answer.GetProperty("question_id").GetInt32() == id).GetProperty("text").GetString()!;

    private static bool Same(string answer, JsonElement label) => answer.TrimEnd('.').Equals(label.GetString(), StringComparison.OrdinalIgnoreCase);

    private static double Percent<T>(List<T> labels, Func<T, bool> isRight) => 100.0 * labels.Count(isRight) / labels.Count;

    private static void AssertScore(double expected, double actual, double atLeast)
    {
        Assert.Equal(expected, actual, 1e-6);
        Assert.True(actual >= atLeast, $"{actual}");
    }

    private string In(string path) => Path.Combine(sets.Folder, path);

    // The answers by question, and the headline.
    private async Task<(List<JsonElement> Answers, double Score)> EvaluateAsync(string set, string[] arguments, string file)
    {
        HeldOutSets.SkipWithoutFonts();
        var results = In(set + ".json");
        using var process = Start(set, [.. arguments, "--answers-out", file, "--json", results]);
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, errors);
        Assert.Contains(Model, await output, StringComparison.Ordinal);
        var score = Whole(results).GetProperty("results")[0].GetProperty("score").GetProperty("value").GetDouble();
        return (Lines(file), score);
    }

    private Task<(List<JsonElement> Answers, double Score)> EvaluateAsync(string set, params string[] arguments) => EvaluateAsync(set, arguments, In($"{set}-{Guid.NewGuid():N}.jsonl"));

    private Process Start(string set, string[] arguments) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "llava.dll"), "eval", "--set", set, "--model", Model, "--server", sets.Server.ToString(), .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
