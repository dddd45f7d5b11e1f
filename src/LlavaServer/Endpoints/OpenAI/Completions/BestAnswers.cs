using LlavaServer.Endpoints.Answers;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>Finds the best answers to each prompt: those with the highest mean log probability of their tokens, as OpenAI's <c>best_of</c>.</summary>
internal static class BestAnswers
{
    /// <param name="choices">All answers, those to one prompt in a row.</param>
    /// <param name="perPrompt">Answers to one prompt.</param>
    /// <param name="wanted">Answers to one prompt that are given.</param>
    public static IReadOnlyList<WholeChoice> Of(IReadOnlyList<WholeChoice> choices, int perPrompt, int wanted) =>
        perPrompt == wanted ? choices : [.. choices.Chunk(perPrompt).SelectMany(prompt => prompt.OrderByDescending(Mean).Take(wanted))];

    private static double Mean(WholeChoice choice) => choice.Tokens.Count == 0 ? double.NegativeInfinity : choice.Tokens.Average(static token => token.LogProbability);
}
