namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// The server's side of the turns of an engine process: while the child does long work, stands for it in the server's <see cref="ComputeTurns"/>, and
/// has the child pause when it is a step's turn, of whatever engine. Used by the threads that wait for the long work: one for a picture, one for prompts.
/// </summary>
internal sealed class TurnRelay(EngineChannel channel)
{
    // Long work gives way within a few milliseconds; looking more often would cost more than it gains.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(1);
    private readonly Lock _lock = new();
    private uint _serial;
    private int _pausing;

    /// <summary>Returns when there is a frame to receive, or the connection has ended.</summary>
    /// <param name="replies">Where the end of the long work is told.</param>
    /// <param name="turns">Null: nobody to give way to.</param>
    public void WaitFor(EngineChannel replies, ComputeTurns? turns)
    {
        if (turns is null)
        {
            return;
        }

        turns.Enter();
        try
        {
            while (!replies.WaitForInput(Look))
            {
                if (turns.MustPause)
                {
                    Pause(turns);
                }
            }
        }
        finally
        {
            turns.Leave();
        }
    }

    private void Pause(ComputeTurns turns)
    {
        lock (_lock)
        {
            if (_pausing++ == 0)
            {
                channel.Send(FrameKind.Hold, ++_serial, []);
                channel.Receive(FrameKind.Held, _serial);
            }
        }

        turns.Yield(CancellationToken.None);
        lock (_lock)
        {
            if (--_pausing == 0)
            {
                channel.Send(FrameKind.Release, _serial, []);
            }
        }
    }
}
