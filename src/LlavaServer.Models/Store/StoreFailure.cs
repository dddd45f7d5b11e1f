namespace LlavaServer.Models.Store;

/// <summary>Tells what an error of the file system means for the store.</summary>
internal static class StoreFailure
{
    // .NET gives the system's own number: ENOSPC, EDQUOT (Linux, macOS) and EFBIG; on Windows ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL as an HRESULT.
    private static readonly int[] s_full = [28, 122, 69, 27, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    // EROFS.
    private const int ReadOnlyFileSystem = 30;

    /// <summary>The store's own exception for a full disk and for one that may not be written; null for anything else.</summary>
    public static StoreException? From(Exception exception) => exception switch
    {
        UnauthorizedAccessException => NotWritable(exception),
        IOException { HResult: ReadOnlyFileSystem } => NotWritable(exception),
        IOException io when s_full.Contains(io.HResult) => new StoreException(StoreError.DiskFull, "there is no space left for the model store", exception),
        _ => null,
    };

    private static StoreException NotWritable(Exception exception) =>
        new(StoreError.ReadOnly, "the model store cannot be written", exception);
}
