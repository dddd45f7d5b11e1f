using LlavaServer.Inference;

namespace LlavaServer.Endpoints.Answers;

/// <summary>
/// Counts and times of a response from the last updates of its choices. A prompt is counted once for all choices that answer it; work that went on
/// together counts as long as the longest. Owned by one request.
/// </summary>
internal sealed class ChoiceTotals(AnswerShape shape)
{
    private readonly GenerationUpdate?[] _lasts = new GenerationUpdate?[shape.Choices];
    private int _ended;

    /// <summary>Why the answer that ended last did.</summary>
    public FinishReason FinishReason { get; private set; }

    public bool IsComplete => _ended == _lasts.Length;

    public UsageDetails Usage
    {
        get
        {
            var total = new UsageDetails { PromptTokens = 0, CompletionTokens = 0 };
            foreach (var prompt in _lasts.Chunk(shape.ChoicesPerPrompt))
            {
                var usages = prompt.Select(static last => last!.Usage!).ToList();
                total = total with
                {
                    PromptTokens = total.PromptTokens + usages[0].PromptTokens,
                    ImageTokens = total.ImageTokens + usages[0].ImageTokens,
                    CachedTokens = total.CachedTokens + usages.Min(static usage => usage.CachedTokens),
                    CompletionTokens = total.CompletionTokens + usages.Sum(static usage => usage.CompletionTokens),
                    ReasoningTokens = total.ReasoningTokens + usages.Sum(static usage => usage.ReasoningTokens),
                };
            }

            return total;
        }
    }

    public GenerationTimings Timings => new()
    {
        Queued = Longest(static timings => timings.Queued),
        Load = Longest(static timings => timings.Load),
        ImageEncode = Longest(static timings => timings.ImageEncode),
        Prefill = Longest(static timings => timings.Prefill),
        Decode = Longest(static timings => timings.Decode),
        FirstToken = _lasts.Min(static last => last!.Timings!.FirstToken),
        Total = Longest(static timings => timings.Total),
    };

    public void Add(GenerationUpdate last)
    {
        _lasts[last.Choice] = last;
        FinishReason = last.FinishReason!.Value;
        _ended++;
    }

    private TimeSpan Longest(Func<GenerationTimings, TimeSpan> time) => _lasts.Max(last => time(last!.Timings!));
}
