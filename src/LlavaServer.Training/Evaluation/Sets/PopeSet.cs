using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>
/// POPE's questions (Li et al. 2023): about a thing that is in the picture, and about one that is not, drawn at random, from the set's most frequent things,
/// or from those that share color or shape with something in the picture. A thing is a colored shape.
/// </summary>
internal static class PopeSet
{
    private const int Popular = 12;
    private static readonly string[] s_samplings = ["random", "popular", "adversarial"];

    public static void Write(SetPictures pictures, string folder, int count)
    {
        var random = pictures.Random;
        var scenes = new List<Scene>();
        while (scenes.Count < count)
        {
            if (pictures.Sample() is var scene && scene.Shapes.Any())
            {
                scenes.Add(scene);
            }
        }

        var names = scenes.ConvertAll(scene => pictures.Save(scene, Path.Combine(folder, "pictures")));
        var popular = scenes.SelectMany(Things).GroupBy(static thing => thing).OrderByDescending(static group => group.Count()).ThenBy(static group => group.Key)
            .Take(Popular).Select(static group => group.Key).ToList();
        var questions = new List<object>();
        foreach (var sampling in s_samplings)
        {
            var labels = new List<object>();
            for (var i = 0; i < scenes.Count; i++)
            {
                var there = Things(scenes[i]).ToList();
                Ask(there[random.Next(there.Count)], "yes");
                Ask(Absent(sampling, there), "no");

                void Ask((ShapeColor Color, ShapeKind Kind) thing, string label)
                {
                    var text = $"Is there {Article($"{Name(thing.Color)} {Name(thing.Kind)}")} in the image?";
                    questions.Add(new { question_id = questions.Count, image = names[i], text = text + SetPictures.Suffix, category = sampling });
                    labels.Add(new { question_id = labels.Count + 1, image = names[i], text, label });
                }
            }

            SetFiles.Lines(Path.Combine(folder, "labels"), $"coco_pope_{sampling}.json", labels);
        }

        SetFiles.Lines(folder, "questions.jsonl", questions);

        (ShapeColor Color, ShapeKind Kind) Absent(string sampling, List<(ShapeColor Color, ShapeKind Kind)> there)
        {
            while (true)
            {
                var seen = there[random.Next(there.Count)];
                var drawn = (Color: Draw<ShapeColor>(random), Kind: Draw<ShapeKind>(random));
                var thing = sampling switch
                {
                    "popular" => popular[random.Next(popular.Count)],
                    "adversarial" => random.Next(2) == 0 ? (seen.Color, drawn.Kind) : (drawn.Color, seen.Kind),
                    _ => drawn,
                };
                if (!there.Contains(thing))
                {
                    return thing;
                }
            }
        }
    }

    private static IEnumerable<(ShapeColor Color, ShapeKind Kind)> Things(Scene scene) => scene.Shapes.Select(static shape => (shape.Color, shape.Shape)).Distinct();

    private static T Draw<T>(Random random)
        where T : struct, Enum => Enum.GetValues<T>() is var values ? values[random.Next(values.Length)] : default;
}
