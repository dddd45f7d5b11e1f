namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// A request's place in a <see cref="RequestQueue"/>: waiting, in a slot (perhaps set back to wait again), then released. Thread-safe; releasing twice does nothing.
/// </summary>
internal sealed class QueuePlace : IDisposable
{
    private readonly RequestQueue _queue;

    internal QueuePlace(RequestQueue queue, long number, long reservedAt)
    {
        _queue = queue;
        Number = number;
        ReservedAt = reservedAt;
    }

    /// <summary>Order of arrival.</summary>
    public long Number { get; }

    /// <summary>Timestamp of the reservation.</summary>
    public long ReservedAt { get; }

    internal QueuePlaceState State { get; set; }

    internal long AdmittedAt { get; set; }

    /// <summary>Requests that wait before this one; null when it does not wait.</summary>
    public int? Position => _queue.PositionOf(this);

    /// <summary>Moves the request from the waiting to the running ones; false if it was released meanwhile.</summary>
    public bool TryAdmit() => _queue.TryAdmit(this);

    /// <summary>Moves the request from the running back to the front of the waiting ones: it lost its slot.</summary>
    public void SetBack() => _queue.SetBack(this);

    /// <summary>Gives the place up if the request still waits; a request in a slot is released by the scheduler.</summary>
    public void Leave() => _queue.Leave(this);

    public void Dispose() => _queue.Release(this);
}
