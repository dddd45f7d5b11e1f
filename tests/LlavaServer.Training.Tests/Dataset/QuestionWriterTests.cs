using System.Text.RegularExpressions;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Tests.Dataset;

/// <summary>Reads question and answer as text and derives the answer again from the scene, by rules written apart from the writer.</summary>
public sealed class QuestionWriterTests
{
    private static readonly string[] Numbers = ["zero", "one", "two", "three", "four", "five"];

    [Fact]
    public void Ask_Color_NamesTheColourOfTheOnlyMatch()
    {
        var checkedAny = 0;
        foreach (var (scene, turn) in Draw(Family.Color, 600))
        {
            var words = Words(turn.Question);
            if (turn.Question.Contains("the shape at", StringComparison.Ordinal) || turn.Question.Contains("the shape in", StringComparison.Ordinal) || turn.Question.Contains("the shape on", StringComparison.Ordinal))
            {
                continue;
            }

            var items = Matching(scene, words);
            Assert.Single(items);
            Assert.Contains(items[0].Color.ToString(), turn.Answer, StringComparison.OrdinalIgnoreCase);
            checkedAny++;
        }

        Assert.True(checkedAny > 100);
    }

    [Fact]
    public void Ask_Count_EqualsTheNumberOfMatches()
    {
        foreach (var (scene, turn) in Draw(Family.Count, 600))
        {
            var count = Matching(scene, Words(turn.Question)).Count(i => !i.IsText);
            var expected = count == 0 ? "no" : Numbers[count];
            Assert.True(
                turn.Answer == count.ToString(System.Globalization.CultureInfo.InvariantCulture) || Words(turn.Answer).Contains(expected),
                $"{turn.Question} => {turn.Answer}, but {count}");
        }
    }

    [Fact]
    public void Ask_Existence_IsTrueAndBalanced()
    {
        int yes = 0, no = 0;
        foreach (var (scene, turn) in Draw(Family.Existence, 1500))
        {
            var text = Regex.IsMatch(turn.Question, "text|written");
            var exists = text ? scene.Text is not null : Matching(scene, Words(turn.Question)).Exists(i => !i.IsText);
            Assert.StartsWith(exists ? "Yes" : "No", turn.Answer, StringComparison.Ordinal);
            _ = exists ? yes++ : no++;
        }

        Assert.InRange((double)yes / (yes + no), 0.4, 0.65);
    }

    [Fact]
    public void Ask_Relation_YesNo_AgreesWithCoordinates()
    {
        var checkedAny = 0;
        foreach (var (scene, turn) in Draw(Family.Relation, 1500))
        {
            var match = Regex.Match(turn.Question, @"^(?:Is|Does) (the .+?) (?:lie )?(?:to the )?(left of|right of|above|below) (the .+?)\?");
            if (!match.Success)
            {
                continue;
            }

            SceneItem a = Assert.Single(Matching(scene, Words(match.Groups[1].Value))), b = Assert.Single(Matching(scene, Words(match.Groups[3].Value)));
            var holds = match.Groups[2].Value switch { "left of" => a.X < b.X, "right of" => a.X > b.X, "above" => a.Y < b.Y, _ => a.Y > b.Y };
            Assert.StartsWith(holds ? "Yes" : "No", turn.Answer, StringComparison.Ordinal);
            checkedAny++;
        }

        Assert.True(checkedAny > 100);
    }

    [Fact]
    public void Ask_Position_AgreesWithThirdsOfThePicture()
    {
        foreach (var (scene, turn) in Draw(Family.Position, 400))
        {
            var item = turn.Focus!;
            var answer = turn.Answer.ToLowerInvariant().Split(" is ")[^1];
            Assert.Equal(item.Y < scene.Height / 3f, answer.Contains("top", StringComparison.Ordinal));
            Assert.Equal(item.Y > scene.Height * 2 / 3f, answer.Contains("bottom", StringComparison.Ordinal));
            Assert.Equal(item.X < scene.Width / 3f, answer.Contains("left", StringComparison.Ordinal));
            Assert.Equal(item.X > scene.Width * 2 / 3f, answer.Contains("right", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Ask_ShortSuffix_GivesNoSentence()
    {
        foreach (var (_, turn) in Draw(Family.Color, 300).Concat(Draw(Family.Count, 300)))
        {
            var asksShort = QuestionWriter.ShortSuffixes.Any(s => turn.Question.EndsWith(s, StringComparison.Ordinal));
            Assert.Equal(asksShort, !turn.Answer.EndsWith('.'));
        }
    }

    [Fact]
    public void Ask_Detail_TellsEveryItemOnce()
    {
        foreach (var (scene, turn) in Draw(Family.Detail, 300))
        {
            var sentences = turn.Answer.TrimEnd('.').Split(". ").Where(s => !s.StartsWith("There", StringComparison.Ordinal)).ToList();
            Assert.Equal(scene.Items.Count, sentences.Count);
            for (var i = 0; i < sentences.Count; i++)
            {
                Assert.Contains(scene.Items[i].Color.ToString(), sentences[i], StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact]
    public void Ask_Order_AgreesWithCoordinates()
    {
        int most = 0, lists = 0;
        foreach (var (scene, turn) in Draw(Family.Order, 1500))
        {
            var key = Regex.Match(turn.Question, "leftmost|rightmost|highest|lowest|largest|smallest|from [a-z]+").Value;
            Func<SceneItem, float> along = key switch
            {
                "leftmost" or "from left" => i => i.X,
                "rightmost" or "from right" => i => -i.X,
                "highest" or "from top" => i => i.Y,
                "lowest" or "from bottom" => i => -i.Y,
                "largest" or "from large" => i => -i.Radius,
                _ => i => i.Radius,
            };
            var names = scene.Shapes.OrderBy(along).Select(s => $"{s.Color} {s.Shape}".ToLowerInvariant()).ToList();
            var told = Regex.Matches(turn.Answer.ToLowerInvariant(), $"(?:{string.Join('|', names.Distinct())})").Select(m => m.Value).ToList();
            var asksAll = key.StartsWith("from", StringComparison.Ordinal);
            Assert.Equal(asksAll ? names : names.Take(1), told);
            _ = asksAll ? lists++ : most++;
        }

        Assert.True(most > 100 && lists > 50, $"{most} and {lists}");
    }

    private static IEnumerable<(Scene Scene, Turn Turn)> Draw(Family family, int count)
    {
        var random = new Random(17 + (int)family);
        var sampler = new SceneSampler(5);
        for (var i = 0; i < count; i++)
        {
            var scene = sampler.Sample(random);
            if (QuestionWriter.Ask(family, scene, random) is { } turn)
            {
                yield return (scene, turn);
            }
        }
    }

    private static HashSet<string> Words(string text) =>
        [.. Regex.Matches(
            QuestionWriter.ShortSuffixes.Aggregate(text, (rest, suffix) => rest.Replace(suffix, "", StringComparison.Ordinal)).ToLowerInvariant(), "[a-z]+")
            .Select(m => m.Value)];

    private static List<SceneItem> Matching(Scene scene, HashSet<string> words)
    {
        if (words.Overlaps(["text", "word", "number"]) && !words.Contains("many") && !words.Contains("of"))
        {
            return [.. scene.Items.Where(i => i.IsText)];
        }

        var shapes = Enum.GetValues<ShapeKind>().Where(s => words.Contains(s.ToString().ToLowerInvariant()) || words.Contains(s == ShapeKind.Cross ? "crosses" : s.ToString().ToLowerInvariant() + "s")).ToList();
        var colors = Enum.GetValues<ShapeColor>().Where(c => words.Contains(c.ToString().ToLowerInvariant())).ToList();
        var text = words.Overlaps(["text", "word"]) || (words.Contains("number") && shapes.Count == 0 && !words.Overlaps(["shapes", "objects", "shape", "object"]));
        return [.. scene.Items.Where(i => i.IsText
            ? text
            : !text && (shapes.Count == 0 || shapes.Contains(i.Shape)) && (colors.Count == 0 || colors.Contains(i.Color))
                && (!words.Contains("large") || i.Large) && (!words.Contains("small") || !i.Large))];
    }
}
