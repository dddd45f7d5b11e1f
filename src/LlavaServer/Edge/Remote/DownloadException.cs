namespace LlavaServer.Edge.Remote;

/// <summary>A download that failed; the message is for the caller and says why in our words.</summary>
internal sealed class DownloadException(string reason, bool isTransient) : Exception(reason)
{
    /// <summary>Another try may succeed: the connection failed, or the server said that it cannot now.</summary>
    public bool IsTransient => isTransient;
}
