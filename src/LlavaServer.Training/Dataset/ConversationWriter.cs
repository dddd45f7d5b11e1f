using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Dataset;

/// <summary>Draws whole conversations: dense turns about one picture, now and then two pictures, or talk without one.</summary>
public sealed class ConversationWriter(SceneSampler scenes)
{
    private static readonly (Family Family, int Weight)[] Mix =
    [
        (Family.Color, 12), (Family.Shape, 10), (Family.Count, 12), (Family.Position, 14), (Family.Existence, 9), (Family.Size, 6), (Family.Fill, 5), (Family.Reading, 2),
        (Family.Description, 5), (Family.Detail, 3), (Family.Reasoning, 5), (Family.Absent, 5), (Family.Chat, 1),
    ];

    // Only scenes of several items leave such questions, and many draws find none: these are tried more often.
    private static readonly (Family Family, int Weight)[] MixOfSeveral = [.. Mix, (Family.Relation, 36), (Family.Comparison, 36), (Family.Order, 30)];
    private const int Tries = 4;

    /// <summary>Draws one conversation of about <paramref name="turns"/> turns; a third of them has a full description, mostly at its end.</summary>
    public Conversation Sample(Random random, int turns)
    {
        var system = random.Next(100) < 8 ? ChatPhrases.Systems[random.Next(ChatPhrases.Systems.Count)] : null;
        return random.Next(100) switch
        {
            < 3 => WithoutPicture(random, system),
            < 8 => TwoPictures(random, system),
            _ => OnePicture(random, system, scenes.Sample(random), turns),
        };
    }

    /// <summary>Turns about one scene.</summary>
    public static Conversation OnePicture(Random random, string? system, Scene scene, int turns)
    {
        var list = new List<Turn>();
        // A description at the end: at the beginning it would let the later answers be read from text instead of seen.
        Family? end = random.Next(100) switch { < 30 => Family.Detail, < 40 => Family.Description, _ => null };
        if (end is { } first && random.Next(6) == 0)
        {
            Add(list, scene, random, first);
            end = null;
        }

        for (var attempt = 0; list.Count < turns && attempt < turns * 6; attempt++)
        {
            if (list.Count > 0 && list[^1].Focus is { } focus && random.Next(100) < 15)
            {
                AddFollowUp(list, scene, focus, random);
            }
            else
            {
                Add(list, scene, random, Draw(scene, random));
            }
        }

        if (end is { } last)
        {
            Add(list, scene, random, last);
        }

        if (list.Count == 0)
        {
            list.Add(QuestionWriter.Ask(Family.Reading, scene, random)!);
        }

        list[0] = list[0] with { Pictures = 1 };
        return new Conversation(system, [scene], list);
    }

    private static Conversation WithoutPicture(Random random, string? system) =>
        new(system, [], [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => ChatPhrases.Draw(random, false)).DistinctBy(t => t.Question)]);

    private Conversation TwoPictures(Random random, string? system)
    {
        Scene a = scenes.Sample(random), b = scenes.Sample(random);
        var turns = new List<Turn>();
        if (random.Next(2) == 0)
        {
            // The second picture comes with a later message; questions then are about the newest one.
            turns.AddRange(OnePicture(random, system, a, 2).Turns);
            turns.AddRange(OnePicture(random, system, b, 3).Turns);
            return new Conversation(system, [a, b], turns);
        }

        int first = a.Shapes.Count(), second = b.Shapes.Count();
        if (first != second)
        {
            var more = random.Next(2) == 0;
            turns.Add(QuestionWriter.Form(
                Family.Pair, random, $"Which picture has {(more ? "more" : "fewer")} shapes?", $"The {(first > second == more ? "first" : "second")} picture has {(more ? "more" : "fewer")} shapes.",
                first > second == more ? "First" : "Second"));
        }

        foreach (var (scene, name) in new[] { (a, "first"), (b, "second") }.OrderBy(_ => random.Next()))
        {
            if (scene.Items.Count == 1 || scene.HasClearPositions)
            {
                turns.Add(new Turn(Family.Pair, $"What is in the {name} {QuestionWriter.Picture(random)}?", DescriptionWriter.BriefText(scene)));
            }

            turns.Add(new Turn(Family.Pair, $"How many shapes are in the {name} {QuestionWriter.Picture(random)}?", ThereAre(scene.Shapes.Count(), "shape", "shapes")));
        }

        turns[0] = turns[0] with { Pictures = 2 };
        return new Conversation(system, [a, b], turns);
    }

    private static Family Draw(Scene scene, Random random)
    {
        if (scene.Text is not null && random.Next(100) < 25)
        {
            return Family.Reading;
        }

        var mix = scene.Items.Count > 1 ? MixOfSeveral : Mix;
        var ticket = random.Next(mix.Sum(m => m.Weight));
        foreach (var (family, weight) in mix)
        {
            if ((ticket -= weight) < 0)
            {
                return family;
            }
        }

        return Family.Color;
    }

    private static void Add(List<Turn> list, Scene scene, Random random, Family family)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var turn = family == Family.Chat ? ChatPhrases.Draw(random, true) : QuestionWriter.Ask(family, scene, random);
            if (turn is not null && !list.Exists(t => t.Question == turn.Question))
            {
                list.Add(turn);
                return;
            }
        }
    }

    private static void AddFollowUp(List<Turn> list, Scene scene, SceneItem item, Random random)
    {
        // "it" is the item of the turn before; what that turn has said already is not asked again.
        var before = list[^1].Family;
        Turn? turn = random.Next(4) switch
        {
            0 when before != Family.Color => QuestionWriter.Form(Family.Color, random, "What color is it?", $"It is {Name(item.Color)}.", Capital(Name(item.Color)), item),
            1 when before != Family.Position && item is { Row: >= 0, Column: >= 0 } => QuestionWriter.Form(Family.Position, random, "Where is it?", $"It is {Place(item)}.", ShortPlace(item), item),
            2 when before != Family.Size && !item.IsText => QuestionWriter.Form(Family.Size, random, "Is it large or small?", $"It is {(item.Large ? "large" : "small")}.", item.Large ? "Large" : "Small", item),
            3 when before != Family.Shape && !item.IsText => QuestionWriter.Form(Family.Shape, random, "What shape is it?", $"It is {Article(Name(item.Shape))}.", Capital(Name(item.Shape)), item),
            _ => null,
        };
        if (turn is not null)
        {
            list.Add(turn);
        }
    }
}
