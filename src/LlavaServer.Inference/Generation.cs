using System.Runtime.CompilerServices;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference;

/// <summary>
/// An answer on its way, from its place in the queue on. Owned by the request that started it, read once; disposing it before the end, or cancelling,
/// means that the client left: the slot is free at the next step.
/// </summary>
public sealed class Generation : IAsyncDisposable
{
    private readonly QueuePlace _place;
    private readonly ModelLease _lease;
    private readonly Task<PreparedSequences> _preparing;
    private readonly IReadOnlyList<Picture> _pictures;
    private readonly CancellationTokenSource _leaving;
    private readonly Action _ended;
    private int _isDisposed;

    internal Generation(
        QueuePlace place, ModelLease lease, Task<PreparedSequences> preparing, IReadOnlyList<Picture> pictures, CancellationTokenSource leaving, Action ended)
    {
        _place = place;
        _lease = lease;
        _preparing = preparing;
        _pictures = pictures;
        _leaving = leaving;
        _ended = ended;
        PositionAtStart = place.Turn;
        _leaving.Token.UnsafeRegister(static state => ((Generation)state!).Leave(), this);
    }

    /// <summary>The model that answers, with its tag.</summary>
    public string ModelName => _lease.Instance.Model.Entry.Name;

    /// <summary>Requests that will be answered before this one gets a slot; null when it has one.</summary>
    public int? QueuePosition => _place.Position;

    /// <summary>Place in the queue when the request came in, 1 is next; 0 if it went straight to a slot.</summary>
    public int PositionAtStart { get; }

    /// <summary>How far the answer is; may be asked on any thread while it is read.</summary>
    public GenerationProgress Progress
    {
        get
        {
            var sequence = _preparing.IsCompletedSuccessfully ? Furthest(_preparing.Result.Sequences) : null;
            if (_lease.Instance.Model.Queue.PositionOf(_place) is { } position && (sequence is not null ? !sequence.IsAdmitted : position.Turn > 0))
            {
                return new GenerationProgress
                {
                    Phase = GenerationPhase.Queued,
                    Position = Math.Max(1, position.Turn),
                    QueueLength = _lease.Instance.Model.Queue.Counts.Waiting,
                    Estimate = position.Estimate,
                };
            }

            if (sequence is null)
            {
                var bytes = _lease.Instance.Model.Entry.SizeBytes;
                return new GenerationProgress { Phase = GenerationPhase.Loading, Done = (long)(_lease.Progress * bytes), Total = bytes };
            }

            return sequence.Progress();
        }
    }

    /// <summary>
    /// The answer piece by piece; the last piece has the finish reason. Pieces of several answers come as they are made, each with its choice. Throws
    /// <see cref="InferenceException"/> when the generation fails, also when its model cannot be loaded, and <see cref="OperationCanceledException"/>
    /// when the client left.
    /// </summary>
    public async IAsyncEnumerable<GenerationUpdate> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            var reader = (await _preparing.WaitAsync(cancellationToken).ConfigureAwait(false)).Reader;
            while (true)
            {
                var update = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (!reader.IsEnded)
                {
                    yield return update;
                    continue;
                }

                // Everything is released before the last piece is handed out: a reader need not ask for more to free it.
                await DisposeAsync().ConfigureAwait(false);
                yield return update;
                yield break;
            }
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _leaving.CancelAsync().ConfigureAwait(false);
        await ((Task)_preparing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_preparing.IsCompletedSuccessfully)
        {
            _preparing.Result.Executor.End(_preparing.Result.Sequences.Count);
        }
        else
        {
            // It never came into the queue.
            foreach (var place in _place.All)
            {
                place.Dispose();
            }
        }

        foreach (var picture in _pictures)
        {
            picture.Dispose();
        }

        _leaving.Dispose();
        _ended();
    }

    private void Leave()
    {
        foreach (var place in _place.All)
        {
            place.Leave();
        }

        _ = _preparing.ContinueWith(
            static preparing => Cancel(preparing.Result.Sequences),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private static void Cancel(IReadOnlyList<Sequence> sequences)
    {
        foreach (var sequence in sequences)
        {
            sequence.Cancel();
        }
    }

    // The first that is not read to its end: while one answer goes on, the request does not wait any more.
    private static Sequence Furthest(IReadOnlyList<Sequence> sequences) => sequences.FirstOrDefault(static s => !s.IsFinished) ?? sequences[0];
}
