namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>First frame of each connection of an engine process.</summary>
/// <param name="Protocol">Version of the frames.</param>
/// <param name="Build">Identity of the code that speaks: both sides must come from one build.</param>
/// <param name="ProcessId">Of the child.</param>
/// <param name="Channel">What this connection is for.</param>
internal sealed record HelloMessage(int Protocol, Guid Build, int ProcessId, ChannelKind Channel)
{
    public const int CurrentProtocol = 2;

    public static Guid CurrentBuild { get; } = typeof(HelloMessage).Module.ModuleVersionId;
}
