namespace LlavaServer.Cli.Run;

/// <summary>Where a line editor's keys come from.</summary>
internal interface IKeys
{
    /// <summary>Whether a key is waiting: what follows an escape at once is a sequence.</summary>
    bool IsWaiting { get; }

    ConsoleKeyInfo Read();
}
