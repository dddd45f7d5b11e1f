namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The connections of an engine process.</summary>
internal enum ChannelKind
{
    /// <summary>Loading and steps.</summary>
    Steps,

    /// <summary>Pictures, beside the steps.</summary>
    Vision,

    /// <summary>Pauses of long work, beside everything else.</summary>
    Turns,

    /// <summary>Heartbeat; the child ends when it is closed.</summary>
    Life,
}
