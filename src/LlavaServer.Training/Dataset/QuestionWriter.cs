using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Dataset;

/// <summary>
/// Asks one question of a family about a scene and knows its exact answer. The wording decides the form: a sentence by default, one
/// word or phrase when the question asks for it. Null when the scene leaves no clear question of that family.
/// </summary>
public static class QuestionWriter
{
    private static readonly int Kinds = Enum.GetValues<ShapeKind>().Length;

    /// <summary>The authors' own suffix for short answers, and two that people write.</summary>
    public static IReadOnlyList<string> ShortSuffixes { get; } =
        ["\nAnswer the question using a single word or phrase.", " Answer in one word.", " Answer briefly."];

    public static Turn? Ask(Family family, Scene scene, Random random) => family switch
    {
        Family.Color => AskColor(scene, random),
        Family.Shape => AskShape(scene, random),
        Family.Count => AskCount(scene, random),
        Family.Position => AskPosition(scene, random),
        Family.Relation => SpatialQuestions.AskRelation(scene, random),
        Family.Existence => AskExistence(scene, random),
        Family.Comparison => SpatialQuestions.AskComparison(scene, random),
        Family.Size => AskSize(scene, random),
        Family.Fill => AskFill(scene, random),
        Family.Reading => AskReading(scene, random),
        Family.Description => DescriptionWriter.Brief(scene, random),
        Family.Detail => DescriptionWriter.Detailed(scene, random),
        Family.Reasoning => ReasoningQuestions.Ask(scene, random),
        Family.Absent => AskAbsent(scene, random),
        Family.Order => OrderQuestions.Ask(scene, random),
        _ => null,
    };

    /// <summary>Puts question and answer together, short (with a suffix that asks for it) four times in ten.</summary>
    internal static Turn Form(Family family, Random random, string question, string sentence, string phrase, SceneItem? focus = null) =>
        random.Next(10) < 4
            ? new Turn(family, question + ShortSuffixes[random.Next(ShortSuffixes.Count)], phrase, focus)
            : new Turn(family, question, sentence, focus);

    internal static string Pick(Random random, params ReadOnlySpan<string> options) => options[random.Next(options.Length)];

    internal static string Picture(Random random) => random.Next(2) == 0 ? "picture" : "image";

    private static Turn? AskColor(Scene scene, Random random)
    {
        var item = scene.Items[random.Next(scene.Items.Count)];
        string color = Name(item.Color), question;
        string? it;
        if (!item.IsText && scene.HasClearPositions && random.Next(4) == 0)
        {
            question = Pick(random, "What color is the shape ", "What is the color of the shape ", "Which color is the shape ") + Place(item) + "?";
            return Form(Family.Color, random, question, $"The {Name(item.Shape)} is {color}.", Capital(color), item);
        }

        if ((it = Reference(scene, item, random, avoidColor: true)) is null)
        {
            return null;
        }

        question = Pick(random, $"What color is {it}?", $"What color is {it}?", $"What colour is {it}?", $"What is the color of {it}?", $"Which color does {it} have?", $"Tell me the color of {it}.");
        return Form(Family.Color, random, question, $"{Capital(it)} is {color}.", Capital(color), item);
    }

    private static Turn? AskShape(Scene scene, Random random)
    {
        var shapes = scene.Shapes.ToList();
        if (shapes.Count == 0)
        {
            return null;
        }

        var item = shapes[random.Next(shapes.Count)];
        string question;
        if (shapes.Count == 1 && random.Next(2) == 0)
        {
            question = Pick(random, "What shape is this?", $"What shape is in the {Picture(random)}?", $"Which shape is shown in the {Picture(random)}?", "What shape do you see?", "Which shape is it?");
        }
        else if (shapes.Count(s => s.Color == item.Color) == 1)
        {
            var thing = Pick(random, "shape", "object", "thing");
            question = Pick(random, $"What shape is the {Name(item.Color)} {thing}?", $"What is the shape of the {Name(item.Color)} {thing}?", $"Which shape is {Name(item.Color)}?", $"What is the {Name(item.Color)} {thing}?");
        }
        else if (scene.HasClearPositions)
        {
            question = Pick(random, "What shape is ", "Which shape is ") + Place(item) + Pick(random, "?", "?", $" of the {Picture(random)}?");
        }
        else
        {
            return null;
        }

        return Form(Family.Shape, random, question, $"It is {Article(Name(item.Shape))}.", Capital(Name(item.Shape)), item);
    }

    private static Turn? AskCount(Scene scene, Random random)
    {
        var shapes = scene.Shapes.ToList();
        if (shapes.Count == 0)
        {
            return null;
        }

        int count;
        string singular, plural;
        var item = shapes[random.Next(shapes.Count)];
        switch (random.Next(6))
        {
            case 0 or 1 or 2:
                singular = scene.Text is null ? Pick(random, "shape", "shape", "object") : "shape";
                (count, plural) = (shapes.Count, singular + "s");
                break;
            case 3 or 4:
                var kind = random.Next(6) == 0 ? (ShapeKind)random.Next(Kinds) : item.Shape;
                (count, singular, plural) = (shapes.Count(s => s.Shape == kind), Name(kind), Plural(kind));
                break;
            default:
                var color = random.Next(6) == 0 ? (ShapeColor)random.Next(12) : item.Color;
                (count, singular, plural) = (shapes.Count(s => s.Color == color), Name(color) + " shape", Name(color) + " shapes");
                break;
        }

        var question = Pick(
            random, $"How many {plural} are there?", $"How many {plural} are in the {Picture(random)}?", $"How many {plural} do you see?", $"How many {plural} can you see?", $"Count the {plural}.",
            $"What is the number of {plural}?");
        return Form(Family.Count, random, question, ThereAre(count, singular, plural), count.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static Turn? AskPosition(Scene scene, Random random)
    {
        var item = scene.Items[random.Next(scene.Items.Count)];
        if (item.Row < 0 || item.Column < 0 || Reference(scene, item, random) is not { } it)
        {
            return null;
        }

        var question = Pick(random, $"Where is {it}?", $"Where is {it}?", $"Where is {it} in the {Picture(random)}?", $"Where can you see {it}?", $"What is the position of {it}?", $"In which part of the {Picture(random)} is {it}?");
        return Form(Family.Position, random, question, $"{Capital(it)} is {Place(item)}.", ShortPlace(item), item);
    }

    private static Turn? AskExistence(Scene scene, Random random)
    {
        var shapes = scene.Shapes.ToList();
        if (shapes.Count == 0 || random.Next(14) == 0)
        {
            var text = scene.Text is not null;
            return Form(
                Family.Existence, random, Pick(random, "Is there any text?", $"Is there text in the {Picture(random)}?", "Is something written here?", "Can you see any text?"),
                text ? "Yes, there is text." : "No, there is no text.", text ? "Yes" : "No");
        }

        var yes = random.Next(2) == 0;
        var item = shapes[random.Next(shapes.Count)];
        var color = (ShapeColor)random.Next(12);
        var kind = (ShapeKind)random.Next(Kinds);
        var form = random.Next(4);
        if (yes)
        {
            (color, kind) = (item.Color, item.Shape);
        }
        else if (form == 0)
        {
            // Near misses: the colour or the shape is there, the pair is not.
            (color, kind) = random.Next(3) switch { 0 => (item.Color, kind), 1 => (color, item.Shape), _ => (item.Color, shapes[random.Next(shapes.Count)].Shape) };
        }

        var (noun, found) = form switch
        {
            0 or 1 => ($"{Name(color)} {Name(kind)}", shapes.Exists(s => s.Color == color && s.Shape == kind)),
            2 => (Name(kind), shapes.Exists(s => s.Shape == kind)),
            _ => ($"{Name(color)} shape", shapes.Exists(s => s.Color == color)),
        };
        if (found != yes)
        {
            return null;
        }

        noun = Article(noun);
        var question = Pick(
            random, $"Is there {noun}?", $"Is there {noun} in the {Picture(random)}?", $"Do you see {noun}?", $"Can you see {noun}?", $"Does the {Picture(random)} show {noun}?", $"Is {noun} in the {Picture(random)}?");
        var plain = noun[(noun.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        return Form(Family.Existence, random, question, found ? $"Yes, there is {noun}." : $"No, there is no {plain}.", found ? "Yes" : "No");
    }

    private static Turn? AskSize(Scene scene, Random random)
    {
        var item = scene.Items[random.Next(scene.Items.Count)];
        if (item.IsText || Reference(scene, item, random) is not { } it
            || it.Contains("large", StringComparison.Ordinal) || it.Contains("small", StringComparison.Ordinal))
        {
            return null;
        }

        var size = item.Large ? "large" : "small";
        var question = Pick(random, $"Is {it} large or small?", $"How big is {it}?", $"What size is {it}?", $"Is {it} small or large?");
        return Form(Family.Size, random, question, $"{Capital(it)} is {size}.", Capital(size), item);
    }

    private static Turn? AskFill(Scene scene, Random random)
    {
        var item = scene.Items[random.Next(scene.Items.Count)];
        if (item.IsText || Reference(scene, item, random) is not { } it)
        {
            return null;
        }

        var fill = item.Outlined ? "outlined" : "filled";
        var question = Pick(random, $"Is {it} filled or outlined?", $"Is {it} outlined or filled?");
        return Form(Family.Fill, random, question, $"{Capital(it)} is {fill}.", Capital(fill), item);
    }

    private static Turn AskReading(Scene scene, Random random)
    {
        var question = Pick(
            random, "What does the text say?", $"What is written in the {Picture(random)}?", "Read the text.", $"What text is in the {Picture(random)}?", "What does it say?", $"What does the {Picture(random)} say?",
            scene.Text is { } t && char.IsDigit(t.Text![0]) ? "What number is shown?" : "Which word is written?");
        return scene.Text is { } item
            ? Form(Family.Reading, random, question, $"The text says {item.Text}.", item.Text!, item)
            : new Turn(Family.Reading, question, "There is no text in the " + (question.Contains("image", StringComparison.Ordinal) ? "image." : "picture."));
    }

    private static Turn? AskAbsent(Scene scene, Random random)
    {
        var kind = (ShapeKind)random.Next(Kinds);
        var color = (ShapeColor)random.Next(12);
        var noun = random.Next(2) == 0 ? Name(kind) : $"{Name(color)} {Name(kind)}";
        if (scene.Shapes.Any(s => s.Shape == kind && (s.Color == color || !noun.Contains(' ', StringComparison.Ordinal))))
        {
            return null;
        }

        var picture = Picture(random);
        var question = noun.Contains(' ', StringComparison.Ordinal)
            ? Pick(random, $"Where is the {noun}?", $"How big is the {noun}?", $"Is the {noun} filled or outlined?")
            : Pick(random, $"What color is the {noun}?", $"What color is the {noun}?", $"Where is the {noun}?", $"Is the {noun} large or small?");
        return new Turn(Family.Absent, question.Replace("?", random.Next(3) == 0 ? $" in the {picture}?" : "?", StringComparison.Ordinal), $"There is no {noun} in the picture.");
    }
}
