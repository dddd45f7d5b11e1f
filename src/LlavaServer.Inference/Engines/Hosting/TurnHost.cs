namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The child's side of a <see cref="TurnRelay"/>, on a thread of its own: pauses the child's long work while the server says so.</summary>
internal sealed class TurnHost
{
    private readonly EngineChannel _channel;
    private readonly ComputeTurns _turns;

    /// <param name="channel">Listened to until it is closed.</param>
    /// <param name="turns">By which the child's long work gives way.</param>
    public TurnHost(EngineChannel channel, ComputeTurns turns)
    {
        _channel = channel;
        _turns = turns;
        new Thread(Listen) { Name = "turns", IsBackground = true }.Start();
    }

    private void Listen()
    {
        try
        {
            while (true)
            {
                var serial = Take(FrameKind.Hold);
                _turns.BeginStep();
                try
                {
                    _channel.Send(FrameKind.Held, serial, []);
                    Take(FrameKind.Release);
                }
                finally
                {
                    // The server measures the slices.
                    _turns.EndStep(TimeSpan.Zero);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or EngineProtocolException)
        {
            // Nobody to give way to; the parent watch ends the process.
        }
    }

    private uint Take(FrameKind kind)
    {
        var frame = _channel.Receive();
        return frame.Kind == kind ? frame.Serial : throw new EngineProtocolException($"{frame.Kind} instead of {kind}");
    }
}
