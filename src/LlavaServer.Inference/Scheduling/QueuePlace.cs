namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// A request's place among the <see cref="QueuePlaces"/> of its model: waiting, in a slot (perhaps set back to wait again), then released. A request for
/// several answers has a place for each. Thread-safe; releasing twice does nothing.
/// </summary>
internal sealed class QueuePlace : IDisposable
{
    private readonly QueuePlaces _places;
    private readonly CancellationTokenSource _lost = new();

    internal QueuePlace(QueuePlaces places, QueuePlace[] all, string client, long number, long reservedAt)
    {
        _places = places;
        All = all;
        Client = client;
        Number = number;
        ReservedAt = reservedAt;
    }

    /// <summary>The places of the same request in their order, this one among them.</summary>
    public IReadOnlyList<QueuePlace> All { get; }

    /// <summary>Whether an answer of the request has, or had, a slot: the others may wait as long as it takes, and their places cannot be lost.</summary>
    public bool HasBegun => _places.HasBegun(this);

    /// <summary>Order among all places of the model: of two, the smaller is served first.</summary>
    public long Number { get; }

    /// <summary>Timestamp of the reservation.</summary>
    public long ReservedAt { get; }

    /// <summary>Cancelled, on the first place of a request, when its places went to a client with fewer of them.</summary>
    public CancellationToken Lost => _lost.Token;

    internal string Client { get; }

    internal QueuePlaceState State { get; set; }

    internal long AdmittedAt { get; set; }

    /// <summary>Requests that wait before this one; null when it does not wait.</summary>
    public int? Position => _places.PositionOf(this)?.Before;

    /// <summary>Its turn when slots get free, 1 is next; 0 when there is a slot for it.</summary>
    public int Turn => _places.PositionOf(this)?.Turn ?? 0;

    /// <summary>How long it will wait at the measured speed; null when that is not known.</summary>
    public TimeSpan? EstimatedWait => _places.PositionOf(this)?.Estimate;

    /// <summary>Moves the request from the waiting to the running ones; false if it was released meanwhile.</summary>
    public bool TryAdmit() => _places.TryAdmit(this);

    /// <summary>Moves the request from the running back to the front of the waiting ones: it lost its slot.</summary>
    public void SetBack() => _places.SetBack(this);

    /// <summary>Gives the place up if the request still waits; a request in a slot is released by the scheduler.</summary>
    public void Leave() => _places.Leave(this);

    public void Dispose() => _places.Release(this);

    /// <summary>On the thread of the request that takes the place; not under the lock of the places.</summary>
    internal void Lose() => _lost.Cancel();
}
