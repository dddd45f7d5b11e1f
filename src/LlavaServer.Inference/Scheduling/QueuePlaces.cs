namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// The places in the queue of one model, loaded or not: as many as slots plus <see cref="QueueOptions.MaxQueue"/>. Order is that of arrival among the
/// requests of one client and in turns between clients; when all places are taken, the client with most waiting requests loses its newest to a client
/// with fewer. A request for several answers takes so many places, and loses all or none. Thread-safe.
/// </summary>
/// <remarks>Turns are those of start-time fair queuing (Goyal, Vin, Cheng 1996) with requests of equal length.</remarks>
internal sealed class QueuePlaces
{
    private const double MeasuredShare = 0.2;
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly LinkedList<QueuePlace> _waiting = new();
    private readonly Dictionary<string, ClientTurns> _clients = [];
    private readonly TimeProvider _time;
    private readonly int _slotCount;
    private uint _nextArrival;
    private long _turn;
    private int _running;
    private double? _serviceSeconds;

    public QueuePlaces(int slotCount, int maxQueue, TimeProvider time)
    {
        _slotCount = slotCount;
        PlaceCount = slotCount + maxQueue;
        _time = time;
    }

    /// <summary>Requests that can wait or run.</summary>
    public int PlaceCount { get; }

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
                var wait = TimeSpan.FromSeconds(Math.Min(1e6, Math.Ceiling((_serviceSeconds ?? 1) * Math.Max(1, _waiting.Count) / _slotCount)));
                return wait < ShortestRetry ? ShortestRetry : wait > LongestRetry ? LongestRetry : wait;
            }
        }
    }

    /// <summary>The first of so many places, or null if there are none left for this client.</summary>
    /// <param name="client">Who asks: requests of one client are served in their order, clients in turns.</param>
    /// <param name="count">Answers that the request asks for.</param>
    public QueuePlace? TryReserve(string client, int count = 1)
    {
        List<QueuePlace> lost = [];
        var all = new QueuePlace[count];
        lock (_lock)
        {
            while (_running + _waiting.Count + count > PlaceCount)
            {
                if (NewestOfTheBusiest(client, count) is not { } newest)
                {
                    lost.ForEach(Wait);
                    return null;
                }

                foreach (var place in newest.All)
                {
                    if (place.State == QueuePlaceState.Waiting)
                    {
                        Remove(place);
                        lost.Add(place);
                    }
                }
            }

            lost.ForEach(static place => place.State = QueuePlaceState.Released);
            for (var i = 0; i < count; i++)
            {
                var turn = Math.Max(_turn, _clients.TryGetValue(client, out var turns) ? turns.Last + 1 : 0);
                all[i] = new QueuePlace(this, all, client, (turn << 32) | _nextArrival++, _time.GetTimestamp());
                Wait(all[i]);
            }
        }

        lost.ForEach(static place => place.All[0].Lose());
        return all[0];
    }

    /// <summary>
    /// Requests that wait before this one, its turn when slots get free (0: there is a slot for it), and how long that will take at the measured speed;
    /// null when it does not wait.
    /// </summary>
    internal (int Before, int Turn, TimeSpan? Estimate)? PositionOf(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State != QueuePlaceState.Waiting)
            {
                return null;
            }

            var before = 0;
            foreach (var other in _waiting)
            {
                if (ReferenceEquals(other, place))
                {
                    break;
                }

                before++;
            }

            var turn = Math.Max(0, before + 1 - Math.Max(0, _slotCount - _running));
            TimeSpan? estimate = _serviceSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Min(1e6, seconds * turn / _slotCount)) : null;
            return (before, turn, turn == 0 ? TimeSpan.Zero : estimate);
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

            Remove(place);
            place.State = QueuePlaceState.Running;
            place.AdmittedAt = place.AdmittedAt == 0 ? _time.GetTimestamp() : place.AdmittedAt;
            _turn = Math.Max(_turn, place.Number >> 32);
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
                Wait(place);
            }
        }
    }

    internal bool HasBegun(QueuePlace place)
    {
        lock (_lock)
        {
            return AnyAdmitted(place);
        }
    }

    internal void Leave(QueuePlace place)
    {
        lock (_lock)
        {
            if (place.State == QueuePlaceState.Waiting)
            {
                Remove(place);
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
                Remove(place);
            }
            else if (place.State == QueuePlaceState.Running)
            {
                _running--;
                var seconds = _time.GetElapsedTime(place.AdmittedAt).TotalSeconds;
                _serviceSeconds = _serviceSeconds is { } known ? known + (MeasuredShare * (seconds - known)) : seconds;
            }

            place.State = QueuePlaceState.Released;
        }
    }

    private static bool AnyAdmitted(QueuePlace place)
    {
        foreach (var one in place.All)
        {
            if (one.AdmittedAt != 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Wait(QueuePlace place)
    {
        if (!_clients.TryGetValue(place.Client, out var turns))
        {
            _clients.Add(place.Client, turns = new ClientTurns());
        }

        turns.Last = Math.Max(turns.Last, place.Number >> 32);
        turns.WaitingCount++;
        Insert(place);
    }

    // A client's last turn matters only as long as it waits or is ahead of the others.
    private void Remove(QueuePlace place)
    {
        _waiting.Remove(place);
        var turns = _clients[place.Client];
        if (--turns.WaitingCount == 0 && turns.Last <= Math.Max(_turn, place.Number >> 32))
        {
            _clients.Remove(place.Client);
        }
    }

    private void Insert(QueuePlace place)
    {
        var previous = _waiting.Last;
        while (previous is not null && Follows(previous.Value, place))
        {
            previous = previous.Previous;
        }

        _ = previous is null ? _waiting.AddFirst(place) : _waiting.AddAfter(previous, place);
    }

    // What was in a slot before goes first.
    private static bool Follows(QueuePlace other, QueuePlace place) => other.AdmittedAt == 0 == (place.AdmittedAt == 0)
        ? other.Number > place.Number
        : other.AdmittedAt == 0;

    private QueuePlace? NewestOfTheBusiest(string client, int count)
    {
        var own = _clients.TryGetValue(client, out var turns) ? turns.WaitingCount : 0;
        var most = own + count;
        QueuePlace? newest = null;
        for (var node = _waiting.Last; node is not null; node = node.Previous)
        {
            if (_clients[node.Value.Client].WaitingCount > most && !AnyAdmitted(node.Value))
            {
                most = _clients[node.Value.Client].WaitingCount;
                newest = node.Value;
            }
        }

        return newest;
    }

    /// <summary>What is known of one client.</summary>
    private sealed class ClientTurns
    {
        /// <summary>Turn of its newest request.</summary>
        public long Last { get; set; }

        public int WaitingCount { get; set; }
    }
}
