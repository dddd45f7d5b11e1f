namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Notices an engine that hangs: work is there, but the scheduler's loop does not come round, or a picture is not done. Owned by its scheduler, which
/// tells it of each round; looked at on any thread.
/// </summary>
internal sealed class StepWatch : IDisposable
{
    // A picture may have to wait for steps after each slice of its work.
    private const int PictureShare = 5;
    private const int LooksPerLimit = 4;

    private readonly TimeSpan _limit;
    private readonly VisionWorker? _vision;
    private readonly TimeProvider _time;
    private readonly Action<TimeSpan> _stalled;
    private readonly ITimer _timer;
    private long _since;
    private int _isTold;

    /// <param name="limit">Of a step.</param>
    /// <param name="vision">Whose pictures are watched too; null without.</param>
    /// <param name="time">Measures.</param>
    /// <param name="stalled">Called once a stall, on a thread of the timer, with its length so far.</param>
    public StepWatch(TimeSpan limit, VisionWorker? vision, TimeProvider time, Action<TimeSpan> stalled)
    {
        _limit = limit;
        _vision = vision;
        _time = time;
        _stalled = stalled;
        _timer = time.CreateTimer(static watch => ((StepWatch)watch!).Look(), this, limit / LooksPerLimit, limit / LooksPerLimit);
    }

    /// <summary>How long there was no progress, if that is longer than allowed.</summary>
    public TimeSpan? Stalled
    {
        get
        {
            var since = Volatile.Read(ref _since);
            var step = since == 0 ? TimeSpan.Zero : _time.GetElapsedTime(since);
            var encoding = _vision?.EncodingSince ?? 0;
            var picture = encoding == 0 ? TimeSpan.Zero : _time.GetElapsedTime(encoding);
            return step > _limit ? step : picture > _limit * PictureShare ? picture : null;
        }
    }

    /// <summary>The loop came round, or waits for something that is not the engine.</summary>
    public void Alive() => Volatile.Write(ref _since, _time.GetTimestamp());

    /// <summary>Nothing is to be done.</summary>
    public void Idle() => Volatile.Write(ref _since, 0);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (Stalled is not { } stall)
        {
            _isTold = 0;
        }
        else if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            _stalled(stall);
        }
    }
}
