namespace LlavaServer.Cli.Run;

/// <summary>Keys of the terminal.</summary>
internal sealed class TerminalKeys : IKeys
{
    public bool IsWaiting => Console.KeyAvailable;

    public ConsoleKeyInfo Read() => Console.ReadKey(intercept: true);
}
