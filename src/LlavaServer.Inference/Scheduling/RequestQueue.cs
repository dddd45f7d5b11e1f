using System.Threading.Channels;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The bounded way from request threads to the scheduler of one model, loaded or not. A place is reserved before any work is done for a request;
/// there are as many places as slots plus <see cref="QueueOptions.MaxQueue"/>, so a sequence with a place always finds room in the channel.
/// Thread-safe.
/// </summary>
internal sealed class RequestQueue
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly LinkedList<QueuePlace> _waiting = new();
    private readonly Channel<Sequence> _channel;
    private readonly object _wake = new();
    private readonly TimeProvider _time;
    private readonly int _slotCount;
    private readonly int _placeCount;
    private bool _isWoken;
    private long _nextNumber;
    private int _running;
    private double _serviceSeconds = 1;

    public RequestQueue(int slotCount, int maxQueue, TimeProvider time)
    {
        _slotCount = slotCount;
        _placeCount = slotCount + maxQueue;
        _time = time;
        _channel = Channel.CreateBounded<Sequence>(new BoundedChannelOptions(_placeCount));
    }

    public ChannelReader<Sequence> Sequences => _channel.Reader;

    public (int Running, int Waiting, int Slots) Counts
    {
        get
        {
            lock (_lock)
            {
                return (_running, _waiting.Count, _slotCount);
            }
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _running == 0 && _waiting.Count == 0;
            }
        }
    }

    /// <summary>When a refused caller may come again: the time in which the waiting requests get slots at the measured speed, 1 to 60 s.</summary>
    public TimeSpan RetryAfter
    {
        get
        {
            lock (_lock)
            {
                var wait = TimeSpan.FromSeconds(Math.Min(1e6, Math.Ceiling(_serviceSeconds * Math.Max(1, _waiting.Count) / _slotCount)));
                return wait < ShortestRetry ? ShortestRetry : wait > LongestRetry ? LongestRetry : wait;
            }
        }
    }

    /// <summary>A place, or null if there is none left.</summary>
    public QueuePlace? TryReserve()
    {
        lock (_lock)
        {
            if (_running + _waiting.Count >= _placeCount)
            {
                return null;
            }

            var place = new QueuePlace(this, _nextNumber++, _time.GetTimestamp());
            _waiting.AddLast(place);
            return place;
        }
    }

    /// <summary>Hands a sequence with a place to the scheduler.</summary>
    public void Enqueue(Sequence sequence)
    {
        while (!_channel.Writer.TryWrite(sequence))
        {
            // Only cancelled sequences, whose places are free again, can fill the channel: the oldest one goes.
            if (_channel.Reader.TryRead(out var oldest) && !oldest.IsCancelled)
            {
                Enqueue(oldest);
            }
        }

        Wake();
    }

    /// <summary>Makes the scheduler look around.</summary>
    public void Wake()
    {
        lock (_wake)
        {
            _isWoken = true;
            Monitor.Pulse(_wake);
        }
    }

    /// <summary>Waits, on the scheduler thread, until something happened.</summary>
    public void Wait(TimeSpan timeout)
    {
        lock (_wake)
        {
            if (!_isWoken)
            {
                Monitor.Wait(_wake, timeout);
            }

            _isWoken = false;
        }
    }

    internal int? PositionOf(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State != QueuePlaceState.Waiting)
            {
                return null;
            }

            var position = 0;
            foreach (var other in _waiting)
            {
                if (ReferenceEquals(other, place))
                {
                    return position;
                }

                position++;
            }

            return null;
        }
    }

    internal bool TryAdmit(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State != QueuePlaceState.Waiting)
            {
                return false;
            }

            _waiting.Remove(place);
            place.State = QueuePlaceState.Running;
            place.AdmittedAt = place.AdmittedAt == 0 ? _time.GetTimestamp() : place.AdmittedAt;
            _running++;
            return true;
        }
    }

    internal void SetBack(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State == QueuePlaceState.Running)
            {
                _running--;
                place.State = QueuePlaceState.Waiting;
                var next = _waiting.First;
                while (next is not null && next.Value.Number < place.Number)
                {
                    next = next.Next;
                }

                _ = next is null ? _waiting.AddLast(place) : _waiting.AddBefore(next, place);
            }
        }
    }

    internal void Leave(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State == QueuePlaceState.Waiting)
            {
                _waiting.Remove(place);
                place.State = QueuePlaceState.Released;
            }
        }
    }

    internal void Release(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State == QueuePlaceState.Waiting)
            {
                _waiting.Remove(place);
            }
            else if (place.State == QueuePlaceState.Running)
            {
                _running--;
                var seconds = _time.GetElapsedTime(place.AdmittedAt).TotalSeconds;
                _serviceSeconds = (0.8 * _serviceSeconds) + (0.2 * seconds);
            }

            place.State = QueuePlaceState.Released;
        }
    }
}
