using LlavaServer.Training.Dataset;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>TextVQA's files (Singh et al. 2019), without tokens of an OCR system beside the question.</summary>
internal static class TextVqaSet
{
    private const int People = 10;

    public static void Write(SetPictures pictures, string folder, int count)
    {
        var questions = new List<object>();
        var data = new List<object>();
        for (var i = 0; i < count; i++)
        {
            var question = pictures.Ask(Family.Reading, static question => question.Scene.Text is not null);
            var picture = pictures.Save(question.Scene, Path.Combine(folder, "pictures"));
            var id = Path.GetFileNameWithoutExtension(picture);
            questions.Add(new { question_id = id, image = picture, text = question.Text + SetPictures.Suffix });
            data.Add(new { question_id = i, image_id = id, question = question.Text, answers = Enumerable.Repeat(question.SmallAnswer, People) });
        }

        SetFiles.Lines(folder, "questions.jsonl", questions);
        SetFiles.Whole(folder, "annotations.json", new { data });
    }
}
