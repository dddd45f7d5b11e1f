using LlavaServer.Configuration;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Answers;

/// <summary>
/// Streams the answers of one request in the events of a dialect. Status and headers leave with the first text, or after the commit delay: until then a
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
    private TimeSpan _silence;
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
                if (!next!.IsCompleted && _isCommitted)
                {
                    await _events.FlushAsync();
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
            try
            {
                return await next.WaitAsync(Patience(), _time);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                await BreakSilenceAsync();
            }
        }

        return await next;
    }

    private TimeSpan Patience() => !_isCommitted ? _commitDelay
        : _progress is null || (_pingInterval > TimeSpan.Zero && _pingInterval < ProgressInterval) ? _pingInterval
        : ProgressInterval;

    private async Task BreakSilenceAsync()
    {
        if (!_isCommitted)
        {
            Commit();
            AppendProgress(_look());
            await _events.FlushAsync();
            return;
        }

        _silence += Patience();
        if (_progress is not null && AppendProgress(_look()))
        {
            await _events.FlushAsync();
        }
        else if (_pingInterval > TimeSpan.Zero && _silence >= _pingInterval)
        {
            _silence = TimeSpan.Zero;
            _dialect.WriteKeepAlive(_events);
            await _events.FlushAsync();
        }
    }

    private bool AppendProgress(GenerationProgress progress)
    {
        if (_progress?.Take(progress) != true)
        {
            return false;
        }

        _silence = TimeSpan.Zero;
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
        _events.Begin();
        _dialect.WriteStart(_events);
    }

    /// <summary>Appends the events of an update; true when it was the last of the last choice.</summary>
    private bool Append(GenerationUpdate update)
    {
        var piece = _shape.TrimsStart ? _trims[update.Choice].Next(update) : update;
        var hasContent = piece.Text.Length > 0 || piece.ToolCalls is not null;
        if ((hasContent || update.FinishReason is not null) && !_isCommitted)
        {
            Commit();
        }

        _silence = TimeSpan.Zero;
        if (hasContent && _record.TimeToFirstToken is null)
        {
            _record.TimeToFirstToken = _record.Elapsed;
            AppendLastProgress();
        }

        if (hasContent)
        {
            _dialect.WriteUpdate(_events, piece);
        }

        if (update.FinishReason is null)
        {
            return false;
        }

        _totals.Add(update);
        _dialect.WriteFinish(_events, update);
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
            await _events.FlushAsync();
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
