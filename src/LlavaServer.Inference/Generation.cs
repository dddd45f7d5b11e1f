using System.Runtime.CompilerServices;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference;

/// <summary>
/// An answer on its way. Owned by the request that started it, read once; disposing it before the end, or cancelling, means that the client left: the
/// slot is free at the next step.
/// </summary>
public sealed class Generation : IAsyncDisposable
{
    private readonly Sequence _sequence;
    private readonly IReadOnlyList<Picture> _pictures;
    private readonly Action _ended;
    private readonly CancellationTokenRegistration _clientLeft;
    private int _isDisposed;

    internal Generation(string modelName, Sequence sequence, IReadOnlyList<Picture> pictures, Action ended, CancellationToken clientLeft)
    {
        ModelName = modelName;
        _sequence = sequence;
        _pictures = pictures;
        _ended = ended;
        _clientLeft = clientLeft.UnsafeRegister(static s => ((Sequence)s!).Cancel(), sequence);
    }

    /// <summary>The model that answers, with its tag.</summary>
    public string ModelName { get; }

    /// <summary>Requests that will be answered before this one gets a slot; null when it has one.</summary>
    public int? QueuePosition => _sequence.Place.Position;

    /// <summary>Prompt tokens, image rows included.</summary>
    public int PromptTokens => _sequence.Prompt.Length;

    /// <summary>The seed in effect: the one asked for, or the random one taken.</summary>
    public uint Seed => _sequence.Request.Sampler.Seed;

    /// <summary>
    /// The answer piece by piece; the last piece has the finish reason. Throws <see cref="InferenceException"/> when the generation fails and
    /// <see cref="OperationCanceledException"/> when the client left.
    /// </summary>
    public async IAsyncEnumerable<GenerationUpdate> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                var update = await _sequence.Output.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (update.FinishReason is null)
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

        await _clientLeft.DisposeAsync().ConfigureAwait(false);
        _sequence.Cancel();
        foreach (var picture in _pictures)
        {
            picture.Dispose();
        }

        _ended();
    }
}
