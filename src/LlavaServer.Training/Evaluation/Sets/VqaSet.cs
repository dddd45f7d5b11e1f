using LlavaServer.Training.Dataset;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>VQAv2's files (Goyal et al. 2017): ten people who agree, as they would about a drawn picture.</summary>
internal static class VqaSet
{
    private const int People = 10;
    private static readonly Family[] s_families = [Family.Color, Family.Shape, Family.Count, Family.Existence, Family.Size, Family.Fill];

    public static void Write(SetPictures pictures, string folder, int count)
    {
        var questions = new List<object>();
        var annotations = new List<object>();
        for (var i = 0; i < count; i++)
        {
            var family = s_families[i % s_families.Length];
            var question = pictures.Ask(family);
            var said = question.SmallAnswer;
            questions.Add(new { question_id = i, image = pictures.Save(question.Scene, Path.Combine(folder, "pictures")), text = question.Text + SetPictures.Suffix });
            annotations.Add(new
            {
                question_id = i,
                image_id = i,
                question_type = family.ToString().ToLowerInvariant(),
                answer_type = question.IsYesOrNo ? "yes/no" : family == Family.Count ? "number" : "other",
                multiple_choice_answer = said,
                answers = Enumerable.Range(1, People).Select(id => new { answer = said, answer_confidence = "yes", answer_id = id }),
            });
        }

        SetFiles.Lines(folder, "questions.jsonl", questions);
        SetFiles.Whole(folder, "annotations.json", new { annotations });
    }
}
