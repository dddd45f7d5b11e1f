using System.Diagnostics;

namespace LlavaServer.Benchmarks.Gaps;

/// <summary>One answer that is read to its end or until disposed, with the moment of every token.</summary>
internal sealed class GapStream : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<long> _moments = [];
    private readonly Task _reading;

    public GapStream(IAnswers answers, string model, string question, int maxTokens) => _reading = ReadAsync(answers.AskAsync(model, question, null, maxTokens, _stop.Token));

    public int Count
    {
        get
        {
            lock (_moments)
            {
                return _moments.Count;
            }
        }
    }

    public bool HasEnded => _reading.IsCompleted;

    /// <summary>Waits for so many tokens since the beginning, or the end of the answer.</summary>
    public async Task WaitForAsync(int count)
    {
        while (Count < count && !HasEnded)
        {
            await Task.Delay(5);
        }

        if (_reading.IsFaulted)
        {
            await _reading;
        }
    }

    /// <summary>Milliseconds between token <paramref name="first"/> and the next, and so on up to token <paramref name="last"/>.</summary>
    public double[] Gaps(int first, int last)
    {
        lock (_moments)
        {
            return [.. Enumerable.Range(first, Math.Max(0, Math.Min(last, _moments.Count - 1) - first))
                .Select(i => Stopwatch.GetElapsedTime(_moments[i], _moments[i + 1]).TotalMilliseconds)];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task ReadAsync(IAsyncEnumerable<long> moments)
    {
        await foreach (var moment in moments)
        {
            lock (_moments)
            {
                _moments.Add(moment);
            }
        }
    }
}
