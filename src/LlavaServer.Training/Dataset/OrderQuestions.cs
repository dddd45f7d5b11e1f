using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.QuestionWriter;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Dataset;

/// <summary>
/// Questions about all shapes in their order: which is the leftmost, highest or largest, and all of them in a row. They are the step before
/// relations of two: each answer word says where a shape lies among the others.
/// </summary>
public static class OrderQuestions
{
    // Neighbours in the order must differ by this share of the picture's side, or by this factor in size, to be told apart.
    private const float ClearDistance = 0.09f;
    private const float ClearRatio = 1.3f;

    private static readonly (string Most, string List, bool BySize, Func<SceneItem, float> Key)[] Orders =
    [
        ("leftmost", "from left to right", false, i => i.X),
        ("rightmost", "from right to left", false, i => -i.X),
        ("highest", "from top to bottom", false, i => i.Y),
        ("lowest", "from bottom to top", false, i => -i.Y),
        ("largest", "from large to small", true, i => -i.Radius),
        ("smallest", "from small to large", true, i => i.Radius),
    ];

    public static Turn? Ask(Scene scene, Random random)
    {
        var (most, list, bySize, key) = Orders[random.Next(Orders.Length)];
        var shapes = scene.Shapes.OrderBy(key).ToList();
        if (shapes.Count < 2)
        {
            return null;
        }

        if (random.Next(2) == 0)
        {
            if (!IsClear(shapes[0], shapes[1]))
            {
                return null;
            }

            var name = $"{Name(shapes[0].Color)} {Name(shapes[0].Shape)}";
            var question = Pick(random, $"Which shape is the {most}?", $"Which is the {most} shape?", $"What is the {most} shape?");
            return Form(Family.Order, random, question, $"The {name} is the {most}.", Capital(name), shapes[0]);
        }

        for (var i = 1; i < shapes.Count; i++)
        {
            if (!IsClear(shapes[i - 1], shapes[i]))
            {
                return null;
            }
        }

        var names = List([.. shapes.Select(s => Article($"{Name(s.Color)} {Name(s.Shape)}"))]);
        return new Turn(Family.Order, Pick(random, $"List the shapes {list}.", $"Name the shapes {list}.", $"What are the shapes {list}?"), Capital(names) + ".");

        bool IsClear(SceneItem before, SceneItem after)
        {
            var distance = key(after) - key(before);
            return bySize
                ? distance > Math.Min(before.Radius, after.Radius) * (ClearRatio - 1)
                : distance > ClearDistance * Math.Max(scene.Width, scene.Height);
        }
    }
}
