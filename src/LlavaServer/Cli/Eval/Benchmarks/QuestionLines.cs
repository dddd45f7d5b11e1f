using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>The question files of LLaVA's model_vqa.py and model_vqa_loader.py: question_id, image, text, perhaps category, one a line.</summary>
internal static class QuestionLines
{
    public static IReadOnlyList<EvalQuestion> Read(EvalInputs inputs)
    {
        var path = EvalInputs.Required(inputs.Questions, "--questions");
        return [.. JsonLines.Read(path).Take(inputs.Limit ?? int.MaxValue).Select((line, i) =>
        {
            var place = $"{path}, question {i + 1}";
            var text = JsonLines.Text(line, "text", place);
            return new EvalQuestion
            {
                Id = JsonLines.Member(line, "question_id", place),
                Text = text,
                Prompt = text,
                PictureName = JsonLines.TextOrNull(line, "image"),
                PicturePath = inputs.Picture(JsonLines.TextOrNull(line, "image")),
                Category = JsonLines.TextOrNull(line, "category"),
            };
        })];
    }
}
