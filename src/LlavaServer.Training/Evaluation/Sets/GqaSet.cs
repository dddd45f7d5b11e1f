using System.Globalization;
using LlavaServer.Training.Dataset;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>GQA's files (Hudson and Manning 2019): where things are, alone and seen from each other, and how they compare.</summary>
internal static class GqaSet
{
    private static readonly Family[] s_families = [Family.Relation, Family.Comparison, Family.Position];

    public static void Write(SetPictures pictures, string folder, int count)
    {
        var questions = new List<object>();
        var labels = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var family = s_families[i % s_families.Length];
            var question = pictures.Ask(family);
            var id = (20_000_000 + i).ToString(CultureInfo.InvariantCulture);
            var picture = pictures.Save(question.Scene, Path.Combine(folder, "pictures"));
            questions.Add(new { question_id = id, image = picture, text = question.Text + SetPictures.Suffix });
            labels.Add(id, new
            {
                imageId = Path.GetFileNameWithoutExtension(picture),
                question = question.Text,
                answer = question.SmallAnswer,
                types = new { structural = family == Family.Comparison ? "compare" : question.IsYesOrNo ? "verify" : "query", semantic = "rel" },
            });
        }

        SetFiles.Lines(folder, "questions.jsonl", questions);
        SetFiles.Whole(folder, "questions.json", labels);
    }
}
