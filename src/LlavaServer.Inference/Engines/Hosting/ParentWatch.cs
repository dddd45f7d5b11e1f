namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// The child's side of the heartbeat, on a thread of its own: answers, and tells when the server is gone. The system closes the connection whatever
/// ended the server. (Linux's parent-death signal would come too early: it is tied to the thread that started the child, not to its process.)
/// </summary>
internal sealed class ParentWatch
{
    private readonly EngineChannel _channel;
    private readonly Action _gone;

    /// <param name="channel">The life channel.</param>
    /// <param name="gone">Called once, on the watching thread.</param>
    public ParentWatch(EngineChannel channel, Action gone)
    {
        _channel = channel;
        _gone = gone;
        new Thread(Watch) { Name = "parent watch", IsBackground = true }.Start();
    }

    private void Watch()
    {
        try
        {
            while (true)
            {
                var frame = _channel.Receive();
                if (frame.Kind != FrameKind.Ping)
                {
                    break;
                }

                _channel.Send(FrameKind.Pong, frame.Serial, []);
            }
        }
        catch (Exception exception) when (exception is IOException or EngineProtocolException)
        {
            // Either way there is nobody left to work for.
        }

        _gone();
    }
}
