namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Asks an engine process every two seconds whether it lives, and calls for its end when it has not answered for half a minute: it is stopped or
/// starved, and whoever waits for it would wait for ever. Counts questions, not time: a server that was itself stopped does not blame the child.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Questions without an answer until the process counts as lost.</summary>
    public const int Patience = 15;

    private readonly EngineChannel _channel;
    private readonly Action _lost;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private uint _asked;
    private uint _answered;
    private bool _isOver;

    /// <param name="channel">The life channel; owned from now on.</param>
    /// <param name="time">Sets the rhythm.</param>
    /// <param name="lost">Called once, on a thread of the timer, when the process does not answer, answers nonsense or hangs up.</param>
    public Heartbeat(EngineChannel channel, TimeProvider time, Action lost)
    {
        _channel = channel;
        _lost = lost;
        _timer = time.CreateTimer(static state => ((Heartbeat)state!).Beat(), this, Interval, Interval);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
        }

        _timer.Dispose();
        _channel.Dispose();
    }

    private void Beat()
    {
        if (!_lock.TryEnter())
        {
            return;
        }

        try
        {
            if (_isOver || IsWell())
            {
                return;
            }

            _isOver = true;
        }
        finally
        {
            _lock.Exit();
        }

        _lost();
    }

    private bool IsWell()
    {
        try
        {
            while (_channel.HasInput)
            {
                var serial = _channel.Receive().Serial;
                if (serial <= _answered || serial > _asked)
                {
                    return false;
                }

                _answered = serial;
            }

            if (_asked - _answered >= Patience)
            {
                return false;
            }

            _channel.Send(FrameKind.Ping, ++_asked, []);
            return true;
        }
        catch (Exception exception) when (exception is IOException or EngineProtocolException)
        {
            return false;
        }
    }
}
