using LlavaServer.Configuration;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Streams the answers of one request. Status and headers leave with the first text, or after the commit delay: until then a failure is a plain answer, afterwards an
/// error event and a broken connection. Owned by one request.
/// </summary>
internal sealed class ChatStream : IDisposable
{
    /// <summary>Clients that see the connection break at once lose the error event before it; with 50 ms none did (measured with openai-node).</summary>
    private static readonly TimeSpan AbortDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a caller who asked for it is told how far the answer is, and when it is told first.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(250);

    private readonly HttpContext _context;
    private readonly ChatAnswer _answer;
    private readonly IAnswerChunks _chunks;
    private readonly ChoiceTotals _totals;
    private readonly LeadingTrim[] _trims;
    private readonly RequestRecord _record;
    private readonly TimeProvider _time;
    private readonly TimeSpan _commitDelay;
    private readonly TimeSpan _pingInterval;
    private readonly ServerSentEvents _events;
    private readonly ProgressReport? _progress;
    private Func<GenerationProgress> _look = static () => new GenerationProgress { Phase = GenerationPhase.Queued };
    private TimeSpan _silence;
    private bool _isCommitted;

    public ChatStream(HttpContext context, ChatAnswer answer, IAnswerChunks chunks, AnswerRequest request, ServerOptions options, TimeProvider time)
    {
        _context = context;
        _answer = answer;
        _chunks = chunks;
        _totals = new ChoiceTotals(answer);
        _trims = new LeadingTrim[answer.Choices];
        _record = RequestRecord.Of(context);
        _time = time;
        _progress = request.IncludesProgress ? new ProgressReport() : null;
        _commitDelay = _progress is null || options.Streaming.CommitDelay < ProgressInterval ? options.Streaming.CommitDelay : ProgressInterval;
        _pingInterval = request.PingSeconds switch
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
            await _events.KeepAliveAsync();
        }
    }

    private bool AppendProgress(GenerationProgress progress)
    {
        if (_progress?.Take(progress) != true)
        {
            return false;
        }

        _silence = TimeSpan.Zero;
        _events.Append((_chunks, _answer, progress, _record.Elapsed), static (writer, state) => state._chunks.WriteProgress(writer, state._answer, state.progress, state.Elapsed));
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
        for (var index = 0; _chunks.HasStart && index < _answer.Choices; index++)
        {
            _events.Append((_chunks, _answer, index), static (writer, state) => state._chunks.WriteStart(writer, state._answer, state.index));
        }
    }

    /// <summary>Appends the events of an update; true when it was the last of the last choice.</summary>
    private bool Append(GenerationUpdate update)
    {
        var piece = _answer.TrimsStart ? _trims[update.Choice].Next(update) : update;
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

        if (piece.Text.Length > 0)
        {
            _events.Append((_chunks, _answer, piece), static (writer, state) => state._chunks.WriteText(writer, state._answer, state.piece));
        }

        foreach (var call in piece.ToolCalls ?? [])
        {
            _events.Append(
                (_chunks, _answer, update, call), static (writer, state) => state._chunks.WriteCall(writer, state._answer, state.update, state.call));
        }

        if (update.FinishReason is not { } reason)
        {
            return false;
        }

        _totals.Add(update);
        _events.Append((_chunks, _answer, update), static (writer, state) => state._chunks.WriteFinish(writer, state._answer, state.update));
        if (!_totals.IsComplete)
        {
            return false;
        }

        _record.Complete(_totals.Usage, _totals.Timings, ChatCompletionWriter.NameOf(reason));
        if (_answer.IncludesUsage)
        {
            _events.Append(
                (_chunks, _answer, _record), static (writer, state) => state._chunks.WriteUsage(writer, state._answer, state._record.Usage!, state._record.Timings!));
        }

        _events.AppendDone();
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
        var error = OpenAIErrors.From(failure);
        _record.Error = error.Code;
        _events.Append(error, OpenAIErrors.Write);
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
}
