using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.QuestionWriter;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Dataset;

/// <summary>Questions about two items: where one lies seen from the other, which is bigger, what they share.</summary>
public static class SpatialQuestions
{
    private static readonly string[] Opposite = ["right of", "left of", "below", "above"];
    private static readonly string[] Directions = ["left of", "right of", "above", "below"];

    public static Turn? AskRelation(Scene scene, Random random)
    {
        if (Two(scene, random) is not var (a, b, first, second))
        {
            return null;
        }

        float side = Math.Max(scene.Width, scene.Height), dx = (b.X - a.X) / side, dy = (b.Y - a.Y) / side;
        const float Clear = 0.13f;
        var horizontal = random.Next(2) == 0;
        var distance = horizontal ? dx : dy;
        if (Math.Abs(distance) < Clear)
        {
            return null;
        }

        var actual = horizontal ? (dx > 0 ? 0 : 1) : (dy > 0 ? 2 : 3);
        var other = horizontal ? Math.Abs(dy) : Math.Abs(dx);
        if (random.Next(4) == 0 && other < Math.Abs(distance) * 0.6f)
        {
            var question = Pick(random, $"Where is {first} compared to {second}?", $"Where is {first} relative to {second}?", $"On which side of {second} is {first}?");
            return Form(Family.Relation, random, question, $"{Capital(first)} is {Directions[actual]} {second}.", Capital(Directions[actual].Split(' ')[0]), a);
        }

        if (random.Next(3) == 0)
        {
            return AskWhich(scene, random, b, second, actual);
        }

        var asked = random.Next(2) == 0 ? actual : actual ^ 1;
        var wording = asked < 2 && random.Next(2) == 0 ? "to the " + Directions[asked] : Directions[asked];
        return Form(
            Family.Relation, random, Pick(random, $"Is {first} {wording} {second}?", $"Does {first} lie {wording} {second}?"),
            asked == actual ? $"Yes, {first} is {Directions[asked]} {second}." : $"No, {first} is {Opposite[asked]} {second}.",
            asked == actual ? "Yes" : "No", a);
    }

    public static Turn? AskComparison(Scene scene, Random random)
    {
        if (Two(scene, random) is not var (a, b, first, second))
        {
            return null;
        }

        if (random.Next(3) == 0)
        {
            // Naming the colour in the question would answer it.
            if (Reference(scene, a, random, avoidColor: true) is not { } c || Reference(scene, b, random, avoidColor: true) is not { } d || c == d)
            {
                return null;
            }

            var same = a.Color == b.Color;
            if (!same && random.Next(3) != 0)
            {
                return null;
            }

            return Form(
                Family.Comparison, random, Pick(random, $"Are {c} and {d} the same color?", $"Do {c} and {d} have the same color?"),
                same ? $"Yes, both are {Name(a.Color)}." : $"No, {c} is {Name(a.Color)} and {d} is {Name(b.Color)}.", same ? "Yes" : "No");
        }

        var ratio = a.Radius / b.Radius;
        if (a.IsText || b.IsText || (ratio is > 0.72f and < 1.39f))
        {
            return null;
        }

        var bigger = ratio > 1;
        if (random.Next(2) == 0)
        {
            var askBig = random.Next(2) == 0;
            var word = askBig ? Pick(random, "bigger", "larger") : "smaller";
            var answer = bigger == askBig ? first : second;
            return Form(
                Family.Comparison, random, Pick(random, $"Which is {word}, {first} or {second}?", $"What is {word}: {first} or {second}?", $"Which one is {word}, {first} or {second}?"),
                $"{Capital(answer)} is {word}.", Capital(answer), bigger == askBig ? a : b);
        }

        var big = random.Next(2) == 0;
        var wording = big ? Pick(random, "bigger than", "larger than") : "smaller than";
        return Form(
            Family.Comparison, random, $"Is {first} {wording} {second}?",
            bigger == big ? $"Yes, {first} is {wording} {second}." : $"No, {first} is not {wording} {second}.", bigger == big ? "Yes" : "No", a);
    }

    private static Turn? AskWhich(Scene scene, Random random, SceneItem anchor, string reference, int direction)
    {
        float side = Math.Max(scene.Width, scene.Height), clear = 0.13f;
        var found = new List<SceneItem>();
        foreach (var item in scene.Items)
        {
            if (ReferenceEquals(item, anchor))
            {
                continue;
            }

            var distance = direction switch
            {
                0 => anchor.X - item.X,
                1 => item.X - anchor.X,
                2 => anchor.Y - item.Y,
                _ => item.Y - anchor.Y,
            } / side;
            if (Math.Abs(distance) < clear)
            {
                return null;
            }

            if (distance > 0)
            {
                found.Add(item);
            }
        }

        if (found.Count != 1 || found[0].IsText)
        {
            return null;
        }

        var wording = direction < 2 && random.Next(2) == 0 ? "to the " + Directions[direction] : Directions[direction];
        var name = $"{Name(found[0].Color)} {Name(found[0].Shape)}";
        return Form(
            Family.Relation, random, Pick(random, $"What is {wording} {reference}?", $"Which shape is {wording} {reference}?"),
            $"{Capital(Article(name))} is {Directions[direction]} {reference}.", Capital(name), found[0]);
    }

    private static (SceneItem A, SceneItem B, string First, string Second)? Two(Scene scene, Random random)
    {
        if (scene.Items.Count < 2)
        {
            return null;
        }

        var i = random.Next(scene.Items.Count);
        var j = (i + 1 + random.Next(scene.Items.Count - 1)) % scene.Items.Count;
        SceneItem a = scene.Items[i], b = scene.Items[j];
        return Reference(scene, a, random) is { } first && Reference(scene, b, random) is { } second && first != second ? (a, b, first, second) : null;
    }
}
