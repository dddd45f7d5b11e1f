using System.Text;
using LlavaServer.Inference;
using LlavaServer.Inference.Tools;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Answers;

/// <summary>A response that is not streamed: all choices, read to their ends. Immutable.</summary>
internal sealed record WholeAnswer(IReadOnlyList<WholeChoice> Choices, ChoiceTotals Totals)
{
    /// <summary>Reads all choices; completes the record.</summary>
    public static async Task<WholeAnswer> ReadAsync(IAsyncEnumerable<GenerationUpdate> updates, AnswerShape shape, RequestRecord record)
    {
        var parts = Enumerable.Range(0, shape.Choices).Select(static _ => new Part()).ToList();
        var choices = new WholeChoice[shape.Choices];
        var totals = new ChoiceTotals(shape);
        await foreach (var update in updates)
        {
            var part = parts[update.Choice];
            var piece = shape.TrimsStart ? part.Trim.Next(update) : update;
            part.Text.Append(piece.Text);
            part.Thinking.Append(piece.Thinking);
            part.Tokens.AddRange(piece.Thinking.Length > 0 ? [] : piece.Tokens ?? []);
            part.Calls.Add(update.ToolCalls);
            if (piece.Text.Length > 0 || update.ToolCalls is not null || piece.Thinking.Length > 0)
            {
                record.TimeToFirstToken ??= record.Elapsed;
            }

            if (update.FinishReason is { } reason)
            {
                choices[update.Choice] = new WholeChoice(part.Text.ToString(), part.Tokens, reason)
                {
                    Thinking = part.Thinking.ToString(),
                    ToolCalls = part.Calls.ToList(),
                    StopText = update.StopText,
                };
                totals.Add(update);
            }
        }

        record.Complete(totals.Usage, totals.Timings, FinishReasons.NameOf(choices[0].FinishReason));
        return new WholeAnswer(choices, totals);
    }

    private sealed class Part
    {
        public LeadingTrim Trim;

        public StringBuilder Text { get; } = new();

        public StringBuilder Thinking { get; } = new();

        public List<TokenLogProbability> Tokens { get; } = [];

        public ToolCallList Calls { get; } = new();
    }
}
