namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// What ends a request's waiting before its prompt is in the queue: its client left, <see cref="QueueOptions.MaxWait"/>, or its place went to another
/// client. Owned by the request.
/// </summary>
internal sealed class WaitLimit : IDisposable
{
    private readonly QueuePlace _place;
    private readonly QueueOptions _options;
    private readonly QueuePlaces _places;
    private readonly CancellationToken _clientLeft;
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _any;

    public WaitLimit(QueuePlace place, QueueOptions options, QueuePlaces places, TimeProvider time, CancellationToken clientLeft)
    {
        _place = place;
        _options = options;
        _places = places;
        _clientLeft = clientLeft;
        _timeout = new CancellationTokenSource(options.MaxWait, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(clientLeft, _timeout.Token, place.Lost);
        Token = _any.Token;
    }

    public CancellationToken Token { get; }

    public bool IsLost => _place.Lost.IsCancellationRequested;

    /// <summary>What to tell the client; null when it left, or when nothing ended the waiting.</summary>
    public InferenceException? Reason => _clientLeft.IsCancellationRequested ? null
        : IsLost ? QueueErrors.Full(_options.MaxQueue, _places.RetryAfter)
        : _timeout.IsCancellationRequested ? QueueErrors.WaitedTooLong(_options.MaxWait, _places.RetryAfter)
        : null;

    public void Dispose()
    {
        _any.Dispose();
        _timeout.Dispose();
    }
}
