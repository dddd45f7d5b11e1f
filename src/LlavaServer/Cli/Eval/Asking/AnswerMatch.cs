namespace LlavaServer.Cli.Eval.Asking;

/// <summary>
/// Finds the answer of each question: by id, round and prompt, since ids repeat in some sets; where an id names one question only, by the id alone,
/// since other programs record other prompts. The last answer of a question counts, as in LLaVA's scripts.
/// </summary>
internal static class AnswerMatch
{
    /// <returns>The questions in their order, with their answers, and how many answers belong to no question.</returns>
    public static (IReadOnlyList<AnsweredQuestion> Questions, int Strangers) Pair(IReadOnlyList<EvalQuestion> questions, IReadOnlyList<EvalAnswer> answers)
    {
        var exact = new Dictionary<(string, int, string), List<int>>();
        var byId = new Dictionary<(string, int), List<int>>();
        for (var i = 0; i < questions.Count; i++)
        {
            var question = questions[i];
            Slot(exact, (question.IdText, question.Round ?? 0, question.Prompt)).Add(i);
            Slot(byId, (question.IdText, question.Round ?? 0)).Add(i);
        }

        var found = new EvalAnswer?[questions.Count];
        var used = new Dictionary<(string, int, string), int>();
        var strangers = 0;
        foreach (var answer in answers)
        {
            var id = EvalQuestion.TextOf(answer.QuestionId);
            var key = (id, answer.RoundId ?? 0, answer.Prompt);
            if (exact.TryGetValue(key, out var places))
            {
                // The same question asked twice in a set has two answers.
                var turn = used.GetValueOrDefault(key);
                found[places[turn % places.Count]] = answer;
                used[key] = turn + 1;
            }
            else if (byId.TryGetValue((id, answer.RoundId ?? 0), out places) && places.Count == 1)
            {
                found[places[0]] = answer;
            }
            else
            {
                strangers++;
            }
        }

        return ([.. questions.Select((question, i) => new AnsweredQuestion(question, found[i]))], strangers);
    }

    private static List<int> Slot<TKey>(Dictionary<TKey, List<int>> map, TKey key)
        where TKey : notnull
    {
        if (!map.TryGetValue(key, out var list))
        {
            map[key] = list = [];
        }

        return list;
    }
}
