using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>MME's folders (Fu et al. 2023) for three of its subtasks, each picture with a question for yes and one for no; and LLaVA's list of the questions.</summary>
internal static class MmeSet
{
    private const int Tries = 200;

    private static readonly (string Subtask, Family Family, Func<SetQuestion, bool> Fits)[] s_subtasks =
    [
        ("existence", Family.Existence, static _ => true),
        ("position", Family.Relation, static _ => true),
        ("color", Family.Comparison, static question => question.Text.Contains("color", StringComparison.Ordinal)),
    ];

    public static void Write(SetPictures pictures, string folder, int count)
    {
        var questions = new List<object>();
        foreach (var (subtask, family, fits) in s_subtasks)
        {
            var place = Path.Combine(folder, "folders", subtask);
            for (var i = 0; i < Math.Max(1, count / s_subtasks.Length); i++)
            {
                var (scene, pair) = Pair(pictures, family, fits);
                var picture = pictures.Save(scene, place);
                File.WriteAllText(
                    Path.Combine(place, Path.ChangeExtension(picture, ".txt")), string.Concat(pair.Select(static question => $"{question.Text} Please answer yes or no.\t{question.Answer}\n")));
                questions.AddRange(pair.Select(question => new
                {
                    question_id = $"{subtask}/{picture}",
                    image = $"{subtask}/{picture}",
                    text = question.Text + SetPictures.Suffix,
                    category = subtask,
                }));
            }
        }

        SetFiles.Lines(folder, "questions.jsonl", questions);
    }

    private static (Scene Scene, SetQuestion[] Pair) Pair(SetPictures pictures, Family family, Func<SetQuestion, bool> fits)
    {
        while (true)
        {
            var scene = pictures.Sample();
            SetQuestion? yes = null, no = null;
            for (var i = 0; i < Tries; i++)
            {
                if (pictures.Ask(family, scene) is not { IsYesOrNo: true } question || !fits(question))
                {
                    continue;
                }

                (yes, no) = question.Answer == "Yes" ? (question, no) : (yes, question);
                if (yes is not null && no is not null)
                {
                    return (scene, [yes, no]);
                }
            }
        }
    }
}
