using LlavaServer.Configuration;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Answers;

/// <summary>
/// Streams the answers of one request in the events of a dialect. Status and headers leave with the first token, or after the commit delay: until then a
/// failure is a plain answer, afterwards an error event and a broken connection. Owned by one request.
/// </summary>
internal sealed partial class AnswerStream : IDisposable
{
    /// <summary>Clients that see the connection break at once lose the error event before it; with 50 ms none did (measured with openai-node).</summary>
    private static readonly TimeSpan AbortDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a caller who asked for it is told how far the answer is, and when it is told first.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private readonly HttpContext _context;
    private readonly IAnswerEvents _dialect;
    private readonly AnswerShape _shape;
    private readonly ChoiceTotals _totals;
    private readonly LeadingTrim[] _trims;
    private readonly RequestRecord _record;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TimeSpan _commitDelay;
    private readonly TimeSpan _pingInterval;
    private readonly ServerSentEvents _events;
    private readonly ProgressReport? _progress;
    private Func<GenerationProgress> _look = static () => new GenerationProgress { Phase = GenerationPhase.Queued };
    private long _bytesAt;
    private bool _hasNews;
    private bool _isCommitted;

    public AnswerStream(HttpContext context, IAnswerEvents dialect, AnswerShape shape, ServerOptions options, TimeProvider time, ILogger logger)
    {
        _context = context;
        _dialect = dialect;
        _shape = shape;
        _totals = new ChoiceTotals(shape);
        _trims = new LeadingTrim[shape.Choices];
        _logger = logger;
        _record = RequestRecord.Of(context);
        _time = time;
        _progress = shape.IncludesProgress ? new ProgressReport() : null;
        _commitDelay = _progress is null || options.Streaming.CommitDelay < ProgressInterval ? options.Streaming.CommitDelay : ProgressInterval;
        _pingInterval = shape.PingSeconds switch
        {
            null => options.Streaming.PingInterval,
            < 0 => Timeout.InfiniteTimeSpan,
            { } seconds => TimeSpan.FromSeconds(seconds),
        };
        _events = new ServerSentEvents(context, options.Limits.WriteStall, time);
    }

    /// <param name="read">The updates of all choices.</param>
    /// <param name="look">How far the first answer is.</param>
    public async Task RunAsync(Func<CancellationToken, IAsyncEnumerable<GenerationUpdate>> read, Func<GenerationProgress> look)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(_context.RequestAborted);
        await using var updates = read(leaving.Token).GetAsyncEnumerator(leaving.Token);
        Task<bool>? next = null;
        _look = look;
        _bytesAt = _time.GetTimestamp();
        try
        {
            next = updates.MoveNextAsync().AsTask();
            while (await WaitAsync(next))
            {
                var isLast = Append(updates.Current);
                next = isLast ? null : updates.MoveNextAsync().AsTask();
                if (isLast)
                {
                    break;
                }

                // Text that is here already shares the flush.
                if (!next!.IsCompleted)
                {
                    await FlushAsync();
                }
            }

            await EndAsync();
        }
        catch (Exception failure) when (_isCommitted && failure is not OperationCanceledException)
        {
            await FailAsync(failure);
        }
        finally
        {
            await leaving.CancelAsync();
            await SettleAsync(next);
        }
    }

    public void Dispose() => _events.Dispose();

    /// <summary>Waits for the next piece, meanwhile commits the stream and keeps it alive.</summary>
    private async Task<bool> WaitAsync(Task<bool> next)
    {
        while (!next.IsCompleted)
        {
            var patience = Patience();
            if (patience == TimeSpan.Zero)
            {
                await BreakSilenceAsync();
                continue;
            }

            try
            {
                return await next.WaitAsync(patience, _time);
            }
            catch (TimeoutException)
            {
                // It may have come since.
                if (!next.IsCompleted)
                {
                    await BreakSilenceAsync();
                }
            }
        }

        return await next;
    }

    /// <summary>Time until something must be sent, or until progress is looked at; infinite is never.</summary>
    private TimeSpan Patience()
    {
        if (!_isCommitted)
        {
            return Left(_commitDelay);
        }

        var ping = _pingInterval > TimeSpan.Zero ? Left(_pingInterval) : Timeout.InfiniteTimeSpan;
        return _progress is null || (ping >= TimeSpan.Zero && ping < ProgressInterval) ? ping : ProgressInterval;
    }

    // White space that is trimmed is no byte: silence counts from the last byte, not from the last piece.
    private TimeSpan Left(TimeSpan interval)
    {
        var left = interval - _time.GetElapsedTime(_bytesAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task BreakSilenceAsync()
    {
        if (!_isCommitted)
        {
            Commit();
            AppendProgress(_look());
        }
        else if ((_progress is null || !AppendProgress(_look())) && _pingInterval > TimeSpan.Zero && Left(_pingInterval) == TimeSpan.Zero)
        {
            _dialect.WriteKeepAlive(_events);
            _hasNews = true;
        }

        await FlushAsync();
    }

    private async ValueTask FlushAsync()
    {
        if (_hasNews)
        {
            _hasNews = false;
            await _events.FlushAsync();
            _bytesAt = _time.GetTimestamp();
        }
    }

    private bool AppendProgress(GenerationProgress progress)
    {
        if (_progress?.Take(progress) != true)
        {
            return false;
        }

        _hasNews = true;
        _dialect.WriteProgress(_events, progress, _record.Elapsed);
        return true;
    }

    // What was not seen between two looks: the prompt is computed, and text comes.
    private void AppendLastProgress()
    {
        var progress = _look();
        if (progress.PromptTokens > 0)
        {
            AppendProgress(progress with { Phase = GenerationPhase.Prefill, Done = progress.PromptTokens, Total = progress.PromptTokens, ComputedTokens = progress.PromptTokens });
        }

        AppendProgress(new GenerationProgress { Phase = GenerationPhase.Decode });
    }

    private void Commit()
    {
        _isCommitted = true;
        _hasNews = true;
        _events.Begin();
        _dialect.WriteStart(_events);
    }

    /// <summary>Appends the events of an update; true when it was the last of the last choice.</summary>
    private bool Append(GenerationUpdate update)
    {
        var piece = _shape.TrimsStart ? _trims[update.Choice].Next(update) : update;
        var hasContent = piece.Text.Length > 0 || piece.ToolCalls is not null || (_shape.ShowsThinking && piece.Thinking.Length > 0);
        if (!_isCommitted)
        {
            Commit();
        }

        if (hasContent && _record.TimeToFirstToken is null)
        {
            _record.TimeToFirstToken = _record.Elapsed;
            AppendLastProgress();
        }

        if (hasContent)
        {
            _dialect.WriteUpdate(_events, piece);
            _hasNews = true;
        }

        if (update.FinishReason is null)
        {
            return false;
        }

        _totals.Add(update);
        _dialect.WriteFinish(_events, update);
        _hasNews = true;
        if (!_totals.IsComplete)
        {
            return false;
        }

        _record.Complete(_totals.Usage, _totals.Timings, FinishReasons.NameOf(_totals.FinishReason));
        _dialect.WriteEnd(_events, _totals);
        return true;
    }

    private async Task EndAsync()
    {
        try
        {
            await FlushAsync();
        }
        catch (OperationCanceledException) when (_record.FinishReason is not null)
        {
            // openai-node closes its socket on [DONE]: the answer is complete.
        }
    }

    /// <summary>An error event, then a broken connection: OpenAI's .NET client skips the event, and a body that ends politely looks complete.</summary>
    private async Task FailAsync(Exception failure)
    {
        if (failure is not InferenceException)
        {
            Log.Unexpected(_logger, _record.RequestId, failure);
        }

        _record.Error = _dialect.WriteFailure(_events, failure);
        await _events.FlushAsync();
        await Task.Delay(AbortDelay, _time, _context.RequestAborted);
        _context.Abort();
    }

    /// <summary>An enumerator must not be disposed while it moves.</summary>
    private static async Task SettleAsync(Task<bool>? next)
    {
        if (next is not null)
        {
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Request {RequestId} failed unexpectedly in its stream")]
        public static partial void Unexpected(ILogger logger, string requestId, Exception exception);
    }
}
