using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// Has a judge compare each answer with the reference's, and keeps the reviews in a file, so that none is asked twice. The judge reads captions, never the
/// picture. Owned by one scoring.
/// </summary>
internal sealed class PairJudge(JudgeInputs inputs)
{
    // The system text of LLaVA's protocol: another one would give other scores.
    private const string System = "You are a helpful and precise assistant for checking the quality of the answer.";
    private const string CategoryStart = "llava_bench_";

    // Used without a rule.json; figures then compare only with others made so.
    private const string OwnRule =
        "Compare the two answers to the question above. The context tells what the picture shows. Judge how helpful, relevant, correct and detailed each is, on a scale "
        + "from 1 to 10. The first line of your reply has two numbers only, the score of Assistant 1 and that of Assistant 2, with a space between. Explain them from the second line on.";

    /// <returns>A review for each answer, null where there is none.</returns>
    public async Task<IReadOnlyList<PairReview?>> ReviewAsync(IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken)
    {
        var references = AnswerMatch.Pair([.. answers.Select(static pair => pair.Question)], AnswerFile.Read(inputs.Reference)).Questions;
        var contexts = Contexts();
        var rules = inputs.Rule is { } path ? JsonLines.ReadWhole(path) : (JsonElement?)null;
        var present = Present();
        var reviews = answers.Select(pair => pair.Answer is { } answer ? present.GetValueOrDefault((pair.Question.IdText, answer.AnswerId)) : null).ToArray();
        if (inputs.Endpoint is not { } endpoint)
        {
            return reviews;
        }

        var gate = new Lock();
        var missing = Enumerable.Range(0, answers.Count).Where(i => reviews[i]?.Scores is null && answers[i].Answer is not null).ToList();
        await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = inputs.Concurrency, CancellationToken = cancellationToken }, async (i, stop) =>
        {
            var question = answers[i].Question;
            var reference = references[i].Answer ?? throw new VerbException(ExitCodes.WrongUsage, $"--reference: {inputs.Reference} has no answer to {question.IdText}.");
            var context = contexts.TryGetValue(question.PictureName ?? "", out var found)
                ? found
                : throw new VerbException(ExitCodes.WrongUsage, $"--context: {inputs.Context} has nothing for {question.PictureName}.");
            var category = CategoryStart + question.Category;
            var (role, rule) = Rule(rules, category);
            var content = $"[Context]\n{context}\n\n[Question]\n{question.Text}\n\n[{role} 1]\n{reference.Text}\n\n[End of {role} 1]\n\n[{role} 2]\n{answers[i].Text}\n\n[End of {role} 2]\n\n[System]\n{rule}\n\n";
            string said;
            try
            {
                (said, _) = await endpoint.AskAsync(System, content, null, stop);
            }
            catch (AskException failure)
            {
                throw new VerbException(failure.Status is { } status ? ExitCodes.Of(status) : ExitCodes.NotReachable, $"The judge does not answer ({failure.Message}). Reviews so far are kept.");
            }

            reviews[i] = new PairReview
            {
                Id = i + 1,
                QuestionId = question.Id,
                Answer1Id = JsonSerializer.SerializeToElement(reference.AnswerId),
                Answer2Id = JsonSerializer.SerializeToElement(answers[i].Answer!.AnswerId),
                Category = category,
                Content = said,
                Tuple = PairReview.Read(said),
            };
            lock (gate)
            {
                File.AppendAllText(inputs.Reviews, JsonSerializer.Serialize(reviews[i], JsonLines.Writing) + "\n");
            }
        });
        return reviews;
    }

    private Dictionary<string, string> Contexts() => JsonLines.ByKey(
        JsonLines.Read(inputs.Context),
        line => JsonLines.Text(line, "image", inputs.Context),
        line => JsonLines.Member(line, "caption", inputs.Context).ValueKind == JsonValueKind.Array
            ? string.Join('\n', JsonLines.Texts(line, "caption", inputs.Context))
            : JsonLines.Text(line, "caption", inputs.Context));

    private (string Role, string Prompt) Rule(JsonElement? rules, string category)
    {
        if (rules is not { } all)
        {
            return ("Assistant", OwnRule);
        }

        var rule = JsonLines.Member(all, category, inputs.Rule!);
        return (JsonLines.Text(rule, "role", inputs.Rule!), JsonLines.Text(rule, "prompt", inputs.Rule!));
    }

    // A review belongs to the very answer that it read. A torn last line is asked again.
    private Dictionary<(string Question, string Answer), PairReview> Present()
    {
        var present = new Dictionary<(string, string), PairReview>();
        if (!File.Exists(inputs.Reviews))
        {
            return present;
        }

        var text = File.ReadAllText(inputs.Reviews);
        var whole = text.LastIndexOf('\n') + 1;
        if (whole < text.Length)
        {
            File.WriteAllText(inputs.Reviews, text[..whole]);
        }

        foreach (var line in JsonLines.Read(inputs.Reviews))
        {
            var review = Review(line);
            present[(EvalQuestion.TextOf(review.QuestionId), review.Answer2Id.ValueKind == JsonValueKind.Undefined ? "" : EvalQuestion.TextOf(review.Answer2Id))] = review;
        }

        return present;
    }

    private PairReview Review(JsonElement line)
    {
        try
        {
            return line.Deserialize<PairReview>() ?? throw new JsonException("a line is null");
        }
        catch (JsonException failure)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{inputs.Reviews} has a line that is no review: {failure.Message}");
        }
    }
}
