namespace LlavaServer.Cli.Eval.Asking;

/// <summary>A question that stayed without an answer after all attempts.</summary>
internal sealed class AskException(int? status, string message) : Exception(message)
{
    /// <summary>The server's last status; null when no answer came.</summary>
    public int? Status { get; } = status;
}
