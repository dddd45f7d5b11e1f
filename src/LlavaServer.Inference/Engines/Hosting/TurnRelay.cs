namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// The server's side of the turns of an engine process: while the child does long work, stands for it in the server's <see cref="ComputeTurns"/>, and
/// has the child pause when it is a step's turn, of whatever engine. Used by one thread at a time: the one that waits for the long work.
/// </summary>
internal sealed class TurnRelay(EngineChannel channel)
{
    // Long work gives way within a few milliseconds; looking more often would cost more than it gains.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(1);
    private uint _serial;

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
        channel.Send(FrameKind.Hold, ++_serial, []);
        channel.Receive(FrameKind.Held, _serial);
        turns.Yield(CancellationToken.None);
        channel.Send(FrameKind.Release, _serial, []);
    }
}
