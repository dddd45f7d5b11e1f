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

    private readonly HttpContext _context;
    private readonly ChatAnswer _answer;
    private readonly RequestRecord _record;
    private readonly TimeProvider _time;
    private readonly TimeSpan _commitDelay;
    private readonly TimeSpan _pingInterval;
    private readonly ServerSentEvents _events;
    private LeadingTrim _trim;
    private bool _isCommitted;

    public ChatStream(HttpContext context, ChatAnswer answer, double? pingSeconds, ServerOptions options, TimeProvider time)
    {
        _context = context;
        _answer = answer;
        _record = RequestRecord.Of(context);
        _time = time;
        _commitDelay = options.Streaming.CommitDelay;
        _pingInterval = pingSeconds switch
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
                return await next.WaitAsync(_isCommitted ? _pingInterval : _commitDelay, _time);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                if (_isCommitted)
                {
                    await _events.KeepAliveAsync();
                }
                else
                {
                    Commit();
                    await _events.FlushAsync();
                }
            }
        }

        return await next;
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

        if (text.Length > 0)
        {
            _record.TimeToFirstToken ??= _record.Elapsed;
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
