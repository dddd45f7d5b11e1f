namespace LlavaServer.Models.Registry;

/// <summary>
/// A part of a blob on its way, with what its file on disk says (Ollama's <c>-partial-N</c>). Changed by the one task that downloads it, read by those
/// who report.
/// </summary>
internal sealed class DownloadPart(int number, long offset, long size, long completed)
{
    private long _completed = completed;

    public int Number => number;

    /// <summary>Of its first byte in the blob.</summary>
    public long Offset => offset;

    public long Size => size;

    /// <summary>Bytes from its beginning that are in the file.</summary>
    public long Completed => Volatile.Read(ref _completed);

    public bool IsComplete => Completed == size;

    public void Add(int bytes) => Volatile.Write(ref _completed, _completed + bytes);
}
