namespace LlavaServer.Health;

/// <summary>Steps of a graceful stop.</summary>
internal enum DrainPhase
{
    Serving,

    /// <summary>Not ready any more, but requests are still taken.</summary>
    Announced,

    /// <summary>New requests are refused; running ones go on.</summary>
    Closing,
}
