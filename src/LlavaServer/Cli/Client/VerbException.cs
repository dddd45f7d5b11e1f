namespace LlavaServer.Cli.Client;

/// <summary>A verb that cannot go on: what the user is told, and the exit code.</summary>
internal sealed class VerbException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
