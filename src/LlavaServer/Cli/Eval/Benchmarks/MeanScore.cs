using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>Scores that are the mean of a worth from 0 to 1 per question, over all and by category.</summary>
internal static class MeanScore
{
    /// <param name="headline">What the mean is called.</param>
    /// <param name="parts">Each question's category, if it has one, and worth.</param>
    public static EvalScore Of(string headline, IReadOnlyList<(string? Category, double Worth)> parts)
    {
        var all = 100 * parts.Select(static part => part.Worth).DefaultIfEmpty(0).Average();
        return new EvalScore
        {
            Headline = headline,
            Value = all,
            Figures = [new(headline, all)],
            Categories =
            [
                .. parts.Where(static part => part.Category is not null).GroupBy(static part => part.Category!).OrderBy(static group => group.Key, StringComparer.Ordinal)
                    .Select(group => new EvalCategory
                    {
                        Name = group.Key,
                        Questions = group.Count(),
                        Value = 100 * group.Average(static part => part.Worth),
                        Figures = [new(headline, 100 * group.Average(static part => part.Worth))],
                    }),
            ],
        };
    }

    /// <summary>No label for a question is a mistake in the files, not a wrong answer.</summary>
    public static Client.VerbException NoLabel(EvalQuestion question, string labels) =>
        new(Client.ExitCodes.WrongUsage, $"--labels: {labels} has nothing for question {question.IdText}.");
}
