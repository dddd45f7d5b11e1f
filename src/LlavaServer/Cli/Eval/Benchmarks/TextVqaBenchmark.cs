using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// TextVQA (Singh et al. 2019), scored as LLaVA's eval_textvqa.py with m4c_evaluator.py: soft accuracy over ten people, both sides through the EvalAI
/// processor. question_id is the picture's id; the annotation is found by it and the question, which is taken out of the prompt.
/// </summary>
internal sealed partial class TextVqaBenchmark : IBenchmark
{
    private const string Reference = "Reference OCR token:";

    public string Name => "textvqa";

    public string Title => "TextVQA";

    public int MaxTokens => 128;

    public IReadOnlyList<EvalQuestion> Read(EvalInputs inputs) => QuestionLines.Read(inputs);

    public Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken) =>
        Task.FromResult(inputs.Labels is null ? null : Score(inputs.Labels, answers));

    /// <summary>The question in a prompt, in small letters; null when the prompt has none of the three forms.</summary>
    internal static string? QuestionOf(string prompt)
    {
        var lines = prompt.Split('\n');
        var question = prompt.StartsWith("OCR tokens: ", StringComparison.Ordinal) ? QuestionInOldForm().Match(prompt) is { Success: true } match ? match.Groups[1].Value : null
            : lines.Length == 3 && prompt.Contains(Reference, StringComparison.Ordinal) ? lines[prompt.StartsWith(Reference, StringComparison.Ordinal) ? 1 : 0]
            : lines.Length == 2 ? lines[0]
            : null;
        return question?.ToLowerInvariant();
    }

    internal static double Worth(string answer, IReadOnlyList<string> people) =>
        SoftAccuracy.Of(AnswerNormalizer.EvalAI(answer), [.. people.Select(AnswerNormalizer.EvalAI)]);

    private static EvalScore Score(string path, IReadOnlyList<AnsweredQuestion> answers)
    {
        // The last of several annotations for one question counts, as in the script.
        var labels = new Dictionary<(string, string), JsonElement>();
        foreach (var label in JsonLines.Items(JsonLines.ReadWhole(path), "data", path))
        {
            labels[(EvalQuestion.TextOf(JsonLines.Member(label, "image_id", path)), JsonLines.Text(label, "question", path).ToLowerInvariant())] = label;
        }

        return MeanScore.Of("accuracy", [.. answers.Select(pair =>
        {
            var question = QuestionOf(pair.Question.Prompt)
                ?? throw new VerbException(ExitCodes.WrongUsage, $"--questions: the prompt of {pair.Question.IdText} has none of LLaVA's forms for TextVQA.");
            if (!labels.TryGetValue((pair.Question.IdText, question), out var label))
            {
                throw MeanScore.NoLabel(pair.Question, path);
            }

            var people = JsonLines.Texts(label, "answers", path);
            return ((string?)null, pair.Answer is null ? 0 : Worth(pair.Text, people));
        })]);
    }

    [GeneratedRegex("Question: (.*?) Short answer:", RegexOptions.Singleline)]
    private static partial Regex QuestionInOldForm();
}
