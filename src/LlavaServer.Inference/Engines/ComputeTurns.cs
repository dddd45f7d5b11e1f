namespace LlavaServer.Inference.Engines;

/// <summary>
/// Lets steps that answer someone and long work beside them (encoding a picture, loading a model, prompts of another model) have the machine's cores
/// in turns: a step finds them free, and long work gets a slice after each step. One for the process; thread-safe.
/// </summary>
/// <remarks>
/// While nobody is being answered, long work runs without a pause: a step that begins ends the slice that the last step left it. While both want the
/// cores, a step begins when the slice is over and every thread of long work waits, and the next slice begins when the steps of all models have ended.
/// </remarks>
public sealed class ComputeTurns(TimeProvider time)
{
    // Long work gives way within a few milliseconds. A step does not wait longer for a thread that is held up by the system or by a slow disk.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly object _gate = new();
    private int _working;
    private int _parked;
    private int _steps;
    private int _waitingSteps;
    private long _turn;
    private long _sliceEnd = long.MinValue;
    private long _nextSliceTicks;
    private volatile bool _isHeld;

    /// <summary>Whether long work is going on, pausing or not.</summary>
    public bool HasWork => Volatile.Read(ref _working) + Volatile.Read(ref _parked) > 0;

    /// <summary>Whether long work has to pause before long: a step runs or waits for its turn.</summary>
    public bool IsHeld => _isHeld;

    /// <summary>Whether <see cref="Yield"/> would pause now: for long work that has to stop something else first.</summary>
    public bool MustPause => _isHeld && time.GetTimestamp() >= Volatile.Read(ref _sliceEnd);

    /// <summary>Threads of long work that pause.</summary>
    public int PausedThreads => Volatile.Read(ref _parked);

    /// <summary>Steps that wait for their turn.</summary>
    internal int WaitingSteps => Volatile.Read(ref _waitingSteps);

    /// <summary>A step that answers someone begins: waits until the slice of long work is over and its threads pause.</summary>
    public void BeginStep()
    {
        lock (_gate)
        {
            if (_working + _parked > 0)
            {
                WaitForTurn();
            }

            _steps++;
            _isHeld = true;

            // Long work that begins now finds no rest of an earlier slice.
            _sliceEnd = long.MinValue;
        }
    }

    /// <summary>The step has ended.</summary>
    /// <param name="slice">How long long work may hold up the next step.</param>
    public void EndStep(TimeSpan slice)
    {
        lock (_gate)
        {
            _nextSliceTicks = Math.Max(_nextSliceTicks, Ticks(slice));
            if (--_steps > 0)
            {
                return;
            }

            _sliceEnd = time.GetTimestamp() + _nextSliceTicks;
            _nextSliceTicks = 0;
            _isHeld = _waitingSteps > 0;

            // Counted before they wake, or a step could begin in between.
            _working += _parked;
            _parked = 0;
            _turn++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The calling thread begins long work: from now to <see cref="Leave"/> steps wait for it to call <see cref="Yield"/>.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            _working++;
        }
    }

    /// <summary>The calling thread's long work has ended, or waits for something else than the cores.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (--_working == 0)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>
    /// Pauses long work while it is a step's turn; returns at once when nobody is being answered. Called at least every few milliseconds by each thread
    /// between <see cref="Enter"/> and <see cref="Leave"/>. Throws <see cref="OperationCanceledException"/> when cancelled while it waits.
    /// </summary>
    public void Yield(CancellationToken cancellationToken)
    {
        if (!MustPause)
        {
            return;
        }

        using var registration = cancellationToken.UnsafeRegister(static turns => ((ComputeTurns)turns!).Wake(), this);
        lock (_gate)
        {
            if (IsStepsTurn())
            {
                Park(cancellationToken);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private void WaitForTurn()
    {
        _waitingSteps++;
        _isHeld = true;
        var arrived = time.GetTimestamp();
        while (true)
        {
            var left = TimeSpan.Zero;
            if (_steps > 0)
            {
                // Beside steps of other models, unless their end is the turn of long work: else it would starve.
                if (_nextSliceTicks == 0)
                {
                    break;
                }
            }
            else
            {
                left = Patience + time.GetElapsedTime(time.GetTimestamp(), Math.Max(arrived, _sliceEnd));
                if (_working == 0 || left <= TimeSpan.Zero)
                {
                    break;
                }
            }

            Monitor.Wait(_gate, _steps > 0 ? Timeout.Infinite : 1 + (int)left.TotalMilliseconds);
        }

        _waitingSteps--;
    }

    private bool IsStepsTurn() => _steps > 0 || (_waitingSteps > 0 && time.GetTimestamp() >= _sliceEnd);

    private void Park(CancellationToken cancellationToken)
    {
        _parked++;
        if (--_working == 0)
        {
            Monitor.PulseAll(_gate);
        }

        var turn = _turn;
        while (_turn == turn)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _parked--;
                _working++;
                return;
            }

            Monitor.Wait(_gate);
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private long Ticks(TimeSpan duration) => (long)(duration.TotalSeconds * time.TimestampFrequency);
}
