namespace LlavaServer.Health;

/// <summary>How far the server is on its way out. Singleton; written by signals and the host, read by every request.</summary>
internal sealed class DrainState
{
    private volatile DrainPhase _phase;

    public DrainPhase Phase => _phase;

    /// <summary>The stop was asked for on a terminal, where nobody waits for a load balancer.</summary>
    public bool IsInteractive { get; private set; }

    public void Announce(bool interactive)
    {
        IsInteractive = interactive;
        Advance(DrainPhase.Announced);
    }

    /// <summary>Never goes back.</summary>
    public void Advance(DrainPhase phase)
    {
        if (phase > _phase)
        {
            _phase = phase;
        }
    }
}
