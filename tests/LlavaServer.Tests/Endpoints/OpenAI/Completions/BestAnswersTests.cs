using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.OpenAI.Completions;
using LlavaServer.Inference;

namespace LlavaServer.Tests.Endpoints.OpenAI.Completions;

/// <summary>Which of several answers <c>best_of</c> gives.</summary>
public sealed class BestAnswersTests
{
    [Fact]
    public void Of_TwoPrompts_BestMeansOfEachInOrder()
    {
        WholeChoice[] choices =
        [
            Choice("a", -1, -1), Choice("b", -0.5f, -1), Choice("c", -3), Choice("d"), Choice("e", -9), Choice("f", -0.1f, -20),
        ];

        Assert.Equal(["b", "a", "e", "f"], BestAnswers.Of(choices, 3, 2).Select(choice => choice.Text));
        Assert.Same(choices, BestAnswers.Of(choices, 3, 3));
    }

    private static WholeChoice Choice(string text, params float[] logProbabilities) => new(
        text,
        [.. logProbabilities.Select(static value => new TokenLogProbability { TokenId = 0, Text = "", Bytes = default, LogProbability = value })],
        FinishReason.Stop);
}
