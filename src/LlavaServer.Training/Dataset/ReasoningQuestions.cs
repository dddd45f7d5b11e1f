using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.QuestionWriter;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Dataset;

/// <summary>Questions that take a step beyond what is seen: taking away, adding, corners, rolling.</summary>
public static class ReasoningQuestions
{
    public static Turn? Ask(Scene scene, Random random)
    {
        var shapes = scene.Shapes.ToList();
        if (shapes.Count == 0)
        {
            return null;
        }

        var item = shapes[random.Next(shapes.Count)];
        switch (random.Next(4))
        {
            case 0:
                if (Reference(scene, item, random) is not { } removed)
                {
                    return null;
                }

                var left = shapes.Count - 1;
                var answer = left == 0 ? "No shapes would be left." : left == 1 ? "One shape would be left." : $"{Capital(Number(left))} shapes would be left.";
                return new Turn(Family.Reasoning, Pick(random, $"How many shapes are left without {removed}?", $"If I remove {removed}, how many shapes are left?"), answer);
            case 1:
                var more = 1 + random.Next(3);
                return new Turn(
                    Family.Reasoning, $"If I add {Number(more)} more {(more == 1 ? "shape" : "shapes")}, how many shapes are there?", $"There would be {Number(shapes.Count + more)} shapes.");
            case 2:
                if (Corners(item.Shape) is not { } corners || Reference(scene, item, random, avoidShape: true) is not { } it)
                {
                    return null;
                }

                var kind = Article(Name(item.Shape));
                return new Turn(
                    Family.Reasoning, Pick(random, $"How many corners does {it} have?", $"How many corners has {it}?"),
                    corners == 0 ? $"It has no corners because it is {kind}." : $"It has {Number(corners)} corners because it is {kind}.", item);
            default:
                if (Reference(scene, item, random, avoidShape: true) is not { } rolling || !(item.Shape is ShapeKind.Circle or ShapeKind.Square or ShapeKind.Triangle or ShapeKind.Star or ShapeKind.Cross))
                {
                    return null;
                }

                var rolls = item.Shape is ShapeKind.Circle;
                return new Turn(
                    Family.Reasoning, Pick(random, $"Could {rolling} roll?", $"Can {rolling} roll like a wheel?"),
                    $"{(rolls ? "Yes" : "No")}, because it is {Article(Name(item.Shape))}.", item);
        }
    }

    private static int? Corners(ShapeKind shape) => shape switch
    {
        ShapeKind.Circle => 0,
        ShapeKind.Triangle => 3,
        ShapeKind.Square or ShapeKind.Diamond => 4,
        _ => null,
    };
}
