using LlavaServer.Configuration;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Streams one answer. Status and headers leave with the first text, or after the commit delay: until then a failure is a plain answer, afterwards an
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
    private readonly RequestRecord _record;
    private readonly TimeProvider _time;
    private readonly TimeSpan _commitDelay;
    private readonly TimeSpan _pingInterval;
    private readonly ServerSentEvents _events;
    private readonly ProgressReport? _progress;
    private Generation? _generation;
    private TimeSpan _silence;
    private LeadingTrim _trim;
    private bool _isCommitted;

    public ChatStream(HttpContext context, ChatAnswer answer, ChatCompletionRequest request, ServerOptions options, TimeProvider time)
    {
        _context = context;
        _answer = answer;
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

    public async Task RunAsync(Generation generation)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(_context.RequestAborted);
        await using var updates = generation.ReadAllAsync(leaving.Token).GetAsyncEnumerator(leaving.Token);
        Task<bool>? next = null;
        _generation = generation;
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
            AppendProgress(_generation!.Progress);
            await _events.FlushAsync();
            return;
        }

        _silence += Patience();
        if (_progress is not null && AppendProgress(_generation!.Progress))
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
        _events.Append((_answer, progress, _record.Elapsed), static (writer, state) => ChatCompletionWriter.WriteProgress(writer, state._answer, state.progress, state.Elapsed));
        return true;
    }

    // What was not seen between two looks: the prompt is computed, and text comes.
    private void AppendLastProgress()
    {
        var progress = _generation!.Progress;
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
        _events.Append(_answer, static (writer, answer) => ChatCompletionWriter.WriteRole(writer, answer));
    }

    /// <summary>Appends the events of an update; true when it was the last.</summary>
    private bool Append(GenerationUpdate update)
    {
        var text = _trim.Next(update.Text);
        if ((text.Length > 0 || update.FinishReason is not null) && !_isCommitted)
        {
            Commit();
        }

        _silence = TimeSpan.Zero;
        if (text.Length > 0)
        {
            if (_record.TimeToFirstToken is null)
            {
                _record.TimeToFirstToken = _record.Elapsed;
                AppendLastProgress();
            }

            _events.Append((_answer, text), static (writer, state) => ChatCompletionWriter.WriteText(writer, state._answer, state.text));
        }

        if (update.FinishReason is not { } reason)
        {
            return false;
        }

        _record.Complete(update, ChatCompletionWriter.NameOf(reason));
        _events.Append((_answer, update), static (writer, state) => ChatCompletionWriter.WriteFinish(writer, state._answer, state.update));
        if (_answer.IncludesUsage)
        {
            _events.Append((_answer, update), static (writer, state) => ChatCompletionWriter.WriteUsage(writer, state._answer, state.update));
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
